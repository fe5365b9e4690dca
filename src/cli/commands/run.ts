// `octoload`: the load balancer itself, from a config file or from servers on the command line.
import type { Config } from '../../config/config.ts'
import type { Arguments } from '../arguments.ts'
import { balancerOptions, overridden } from '../balancer-options.ts'
import { wrongUse } from '../cli-error.ts'
import type { Command } from '../command.ts'
import { DEFAULT_FILE, readConfig, readConfigFile } from '../read-config.ts'
import { serve } from '../serve.ts'
import { serverUrl } from '../server-argument.ts'

export const run: Command = {
  name: '',
  summary: 'run the load balancer',
  usage: ['[--config FILE] [OPTIONS]', 'SERVER… [OPTIONS]', 'COMMAND [OPTIONS]'],
  options: {
    config: { short: 'c', value: 'FILE', summary: `config file (default ${DEFAULT_FILE})` },
    ...balancerOptions,
    'take-over': { summary: 'start beside an octoload that has the port, which you stop next' },
  },
  notes: [
    'A SERVER is a port of this machine, host:port or a URL: 3001, host:3001,',
    'http://host:3001. Options stand above what the config file says.',
  ],
  examples: [
    { command: 'octoload', does: `run what ${DEFAULT_FILE} in this folder says` },
    { command: 'octoload -c other.json -p 9000', does: 'run another file on another port' },
    { command: 'octoload 3001 3002 host:3003', does: 'run without a file, on port 8080' },
  ],
  run: runBalancer,
}

async function runBalancer(args: Arguments): Promise<void> {
  await serve(overridden(await baseConfig(args), args), { takeOver: args.flag('take-over') })
}

async function baseConfig(args: Arguments): Promise<Config> {
  if (args.positionals.length === 0) return readConfigFile(args.text('config') ?? DEFAULT_FILE)
  if (args.has('config')) throw wrongUse('give servers or --config FILE, not both; servers can also stand in the file.')
  const urls = args.positionals.map((word) => serverUrl(word) ?? word)
  return readConfig({ servers: { urls } }, 'the servers on the command line')
}
