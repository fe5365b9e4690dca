// `octoload check`: says whether a config is valid, or prints what it comes to.
import type { Config } from '../../config/config.ts'
import { printConfig } from '../../config/print.ts'
import type { Arguments } from '../arguments.ts'
import { wrongUse } from '../cli-error.ts'
import type { Command } from '../command.ts'
import { DEFAULT_FILE, readConfigFile } from '../read-config.ts'

export const check: Command = {
  name: 'check',
  summary: 'check a config file and show all of its problems',
  usage: ['[FILE] [--print]'],
  options: {
    print: { summary: 'print the effective config, with every default, as JSON' },
  },
  notes: [`FILE is ${DEFAULT_FILE} unless given. The exit code is 0 when it is valid, else 1.`],
  examples: [
    { command: 'octoload check', does: `check ${DEFAULT_FILE} in this folder` },
    { command: 'octoload check other.json --print', does: 'show what it comes to' },
  ],
  run: runCheck,
}

async function runCheck(args: Arguments): Promise<void> {
  const [file = DEFAULT_FILE, ...more] = args.positionals
  if (more.length > 0) throw wrongUse(`check takes one file, not ${args.positionals.length}.`)
  const config = await readConfigFile(file)
  process.stdout.write(args.flag('print') ? printConfig(config) : `${file} is valid: ${summary(config)}\n`)
}

function summary({ listeners, routes, upstreams }: Config): string {
  const servers = upstreams.reduce((sum, upstream) => sum + upstream.servers.length, 0)
  return [
    counted(listeners.length, 'listener'),
    counted(routes.length, 'route'),
    counted(upstreams.length, 'upstream'),
    counted(servers, 'server'),
  ].join(', ')
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
