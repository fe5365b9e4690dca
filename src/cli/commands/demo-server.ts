// `octoload demo-server`: one demo server in this process. The demo starts each of its servers as such a process.
import { DURATION, parseAmount } from '../../config/units.ts'
import { type DemoServerOptions, startDemoServer } from '../../demo/demo-server.ts'
import type { Arguments } from '../arguments.ts'
import { CliError, wrongUse } from '../cli-error.ts'
import type { Command } from '../command.ts'
import { type ListeningMessage, runningLine } from '../demo-server-process.ts'
import { firstStopSignal } from '../stop-signals.ts'

const PORT = 8001
const LONGEST = { min: 0, max: 3_600_000, off: true }

export const demoServer: Command = {
  name: 'demo-server',
  summary: 'start one demo server',
  usage: ['[--id ID] [--port PORT] [OPTIONS]'],
  options: {
    id: { value: 'ID', summary: 'number or name that the server answers with (default 1)' },
    port: { short: 'p', value: 'PORT', summary: `port to listen on; 0 takes any free one (default ${PORT})` },
    host: { value: 'HOST', summary: 'address to listen on (default 127.0.0.1)' },
    latency: { value: 'TIME', summary: 'time that each answer takes: 20ms, or a range, 10ms-50ms' },
    'error-rate': { value: 'SHARE', summary: 'share of the answers that are errors (500): 5% or 0.05' },
    'slow-start': { value: 'TIME', summary: 'time after the start in which answers take longer: 30s' },
  },
  notes: [
    'Ask it for /health, /headers, /echo, /events, or a WebSocket on /ws.',
    'POST /sick and POST /well change what /health says.',
  ],
  examples: [
    { command: 'octoload demo-server --id 4 --port 8004', does: 'one more server' },
    { command: 'octoload demo-server --latency 10ms-50ms --error-rate 5%', does: 'slow and unreliable' },
  ],
  run: runDemoServer,
}

async function runDemoServer(args: Arguments): Promise<void> {
  const options = demoServerOptions(args)
  const stopSignal = firstStopSignal()
  const server = await startDemoServer(options).catch((error: Error) => {
    throw new CliError(error.message)
  })
  if (process.send !== undefined) tellDemo(server.port)
  else console.log(runningLine(options.id, server.port, process.pid))
  await stopSignal
  await server.close()
  process.exit(0)
}

/** Throws CliError for an option that does not fit. */
export function demoServerOptions(args: Arguments): DemoServerOptions {
  if (args.positionals.length > 0) throw wrongUse(`demo-server takes options only, not "${args.positionals[0]}".`)
  const host = args.text('host')
  return {
    id: args.text('id') ?? '1',
    port: args.wholeNumber('port', 0, 65535) ?? PORT,
    ...(host === undefined ? {} : { host }),
    ...args.parsed('latency', 'a time such as 20ms, or a range such as 10ms-50ms', readLatency),
    errorRate: args.parsed('error-rate', 'a share such as 5% or 0.05', readShare) ?? 0,
    slowStart: args.parsed('slow-start', 'a time such as 30s', readTime) ?? 0,
  }
}

/** The demo that started this process is gone when the channel closes, however it went, even before this. */
function tellDemo(port: number): void {
  if (!process.connected) process.exit(0)
  process.on('disconnect', () => process.exit(0))
  const message: ListeningMessage = { port }
  // Should it go while this is sent, 'disconnect' tells.
  process.send?.(message, undefined, undefined, () => {})
}

function readLatency(text: string): { latency: number; latencyJitter: number } | undefined {
  const [from = '', to = from, ...rest] = text.split('-')
  const least = readTime(from)
  const most = readTime(to)
  if (least === undefined || most === undefined || most < least || rest.length > 0) return undefined
  return { latency: least, latencyJitter: most - least }
}

/** In milliseconds. */
function readTime(text: string): number | undefined {
  const time = parseAmount(DURATION, LONGEST, text)
  return typeof time === 'number' ? time : undefined
}

/** From 0 to 1. */
function readShare(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text)
  if (match === null) return undefined
  const share = match[2] === '%' ? Number(match[1]) / 100 : Number(match[1])
  return share <= 1 ? share : undefined
}
