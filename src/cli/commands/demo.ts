// `octoload demo`: a few demo servers, each a process of its own, and the load balancer in front of them.
import type { Config } from '../../config/config.ts'
import type { FileConfig } from '../../config/schema.ts'
import type { Arguments } from '../arguments.ts'
import { logOption, overridden, strategyOption } from '../balancer-options.ts'
import { wrongUse } from '../cli-error.ts'
import type { Command } from '../command.ts'
import { type DemoServerProcess, nextFreePort, runningLine, startDemoServerProcess } from '../demo-server-process.ts'
import { readConfig } from '../read-config.ts'
import { serve } from '../serve.ts'

const SERVERS = 3
const PORT = 8080
const FIRST_SERVER_PORT = 8001
/** In turn, so that whoever asks three times meets servers 1, 2 and 3. */
const STRATEGY = 'round_robin'
/** Shorter than the usual 30 s, so that whoever stops and starts servers soon sees that it is noticed. */
const HEALTH_CHECK_SECONDS = 5

export const demo: Command = {
  name: 'demo',
  summary: 'start demo servers and a load balancer in front of them',
  usage: ['[OPTIONS]'],
  options: {
    servers: { value: 'N', summary: `how many demo servers, 1 to 20 (default ${SERVERS})` },
    port: { short: 'p', value: 'PORT', summary: `port of the load balancer; 0 takes any free one (default ${PORT})` },
    'server-port': {
      value: 'PORT',
      summary:
        'port of the first demo server, the others follow; taken ones are skipped; ' +
        `0 takes any free ones (default ${FIRST_SERVER_PORT})`,
    },
    strategy: strategyOption,
    log: logOption,
  },
  examples: [
    { command: 'octoload demo', does: 'three servers behind http://localhost:8080' },
    { command: 'octoload demo --servers 5 --strategy least_active', does: 'five servers, the least busy first' },
  ],
  run: runDemo,
}

async function runDemo(args: Arguments): Promise<void> {
  if (args.positionals.length > 0) throw wrongUse(`demo takes options only, not "${args.positionals[0]}".`)
  const count = args.wholeNumber('servers', 1, 20) ?? SERVERS
  const firstPort = args.wholeNumber('server-port', 0, 65535) ?? FIRST_SERVER_PORT
  // With servers of no account, so that a wrong option is told before anything is started.
  await demoConfig(['http://localhost'], args)
  const servers = await startServers(count, firstPort)
  for (const { id, port, pid } of servers) console.log(runningLine(id, port, pid))
  const urls = servers.map(({ port }) => `http://localhost:${port}`)
  await serve(await demoConfig(urls, args), {
    // A moment later, for the log before it is still being written.
    started: ([listener]) => setTimeout(() => console.log(hints(listener?.port ?? PORT, servers)), 50),
    stopped: () => endAll(servers),
  })
}

async function demoConfig(urls: string[], args: Arguments): Promise<Config> {
  const file: FileConfig = {
    load_balancer: { port: PORT, strategy: STRATEGY, health_check_interval_seconds: HEALTH_CHECK_SECONDS },
    health_check: { path: '/health' },
    servers: { urls },
  }
  return overridden(await readConfig(file, 'the demo'), args)
}

async function startServers(count: number, firstPort: number): Promise<DemoServerProcess[]> {
  const ports: number[] = []
  for (let at = 0; at < count; at++) {
    const wanted = firstPort === 0 ? 0 : (ports.at(-1) ?? firstPort - 1) + 1
    const port = await nextFreePort(wanted)
    if (port > wanted) {
      const taken = port === wanted + 1 ? `Port ${wanted} is` : `Ports ${wanted} to ${port - 1} are`
      console.log(`${taken} already in use: demo server ${at + 1} takes ${port}`)
    }
    ports.push(port)
  }
  const starts = await Promise.allSettled(ports.map((port, at) => startDemoServerProcess(at + 1, port, sayEnded)))
  const servers = starts.filter((start) => start.status === 'fulfilled').map((start) => start.value)
  const failure = starts.find((start) => start.status === 'rejected')
  if (failure === undefined) return servers
  await endAll(servers)
  throw failure.reason
}

async function endAll(servers: readonly DemoServerProcess[]): Promise<void> {
  await Promise.all(servers.map((server) => server.end()))
}

function sayEnded({ id, port }: DemoServerProcess): void {
  console.log(`Server ${id} has ended; start it again with: ${startAgain(id, port)}`)
}

function startAgain(id: number, port: number): string {
  return `npx octoload demo-server --id ${id} --port ${port}`
}

/** What to try, once everything runs. */
function hints(port: number, servers: readonly DemoServerProcess[]): string {
  const kill = process.platform === 'win32' ? 'taskkill /F /PID' : 'kill'
  return [
    '',
    `  Try it              curl http://localhost:${port}`,
    `  Look at the numbers curl http://localhost:${port}/metrics`,
    ...servers.map(({ id, pid }) => `  Stop server ${id}       ${kill} ${pid}`),
    `  Stop everything     Ctrl+C`,
    '',
  ].join('\n')
}
