// Requests out of octoload's own access log, in either of its formats (docs/logging.md). A line is written when an exchange
// has finished, so it came its duration before; how long it took to serve then is how long it takes now on a server of
// speed 1. The key is the client's address.
import type { Workload } from './workload.ts'

export interface LoggedRequest {
  /** Milliseconds since 1970. */
  readonly finished: number
  /** The log knows only the second in which it finished. */
  readonly wholeSecond: boolean
  /** Milliseconds. */
  readonly duration: number
  readonly client: string
}

const TEXT_LINE =
  /^\S+ (\d{4})\/(\d\d)\/(\d\d) (\d\d):(\d\d):(\d\d) (\S+) "(?:[^"\\]|\\.)*" (\d+) \d+B (\d+(?:\.\d+)?)ms (\S+)/

/** What a line of the log tells of a request that reached a server; null for any other line. */
export function readAccessLine(line: string): LoggedRequest | null {
  return line.startsWith('{') ? readJsonLine(line) : readTextLine(line)
}

function readJsonLine(line: string): LoggedRequest | null {
  if (!line.includes('"exchange_finished"')) return null
  let fields: Record<string, unknown>
  try {
    fields = JSON.parse(line)
  } catch {
    return null
  }
  const finished = Date.parse(String(fields.time))
  const duration = fields.duration_ms
  if (fields.event !== 'exchange_finished' || !fields.server) return null
  if (typeof duration !== 'number' || Number.isNaN(finished)) return null
  return { finished, wholeSecond: false, duration, client: String(fields.client) }
}

function readTextLine(line: string): LoggedRequest | null {
  const match = TEXT_LINE.exec(line)
  if (match === null || match[10] === '-') return null
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const finished = new Date(year, month - 1, day, hour, minute, second).getTime()
  return { finished, wholeSecond: true, duration: Number(match[9]), client: match[7]! }
}

/** What is replayed: arrays, for a log may have millions of lines. */
export interface Recording {
  /** Arrivals in milliseconds since the first one, ascending. */
  readonly times: Float64Array
  readonly demands: Float64Array
  readonly keys: Int32Array
  /** The clients, by key. */
  readonly clients: readonly string[]
}

/** Puts logged requests into the order in which they came. Those of one second are spread evenly over it. */
export function recordingOf(requests: readonly LoggedRequest[]): Recording {
  const arrivals = requests.map((request) => request.finished - request.duration)
  spreadSeconds(requests, arrivals)
  const order = arrivals.map((_, index) => index).sort((one, other) => arrivals[one]! - arrivals[other]! || one - other)
  const keys = new Map<string, number>()
  const first = order.length === 0 ? 0 : arrivals[order[0]!]!
  return {
    times: Float64Array.from(order, (index) => arrivals[index]! - first),
    demands: Float64Array.from(order, (index) => requests[index]!.duration),
    keys: Int32Array.from(order, (index) => {
      const { client } = requests[index]!
      const key = keys.get(client) ?? keys.size
      keys.set(client, key)
      return key
    }),
    clients: [...keys.keys()],
  }
}

function spreadSeconds(requests: readonly LoggedRequest[], arrivals: number[]): void {
  for (let start = 0; start < requests.length; ) {
    const { finished, wholeSecond } = requests[start]!
    let end = start + 1
    while (end < requests.length && requests[end]!.finished === finished) end++
    if (wholeSecond) {
      for (let index = start; index < end; index++) arrivals[index]! += (1000 * (index - start)) / (end - start)
    }
    start = end
  }
}

export class ReplayWorkload implements Workload {
  time = 0
  key = 0
  demand = 0
  readonly keys: number
  readonly requests: number
  private readonly recording: Recording
  private readonly pace: number
  private at = 0

  /** `pace` times as fast as it was. */
  constructor(recording: Recording, pace: number, most = recording.times.length) {
    this.recording = recording
    this.pace = pace
    this.keys = recording.clients.length
    this.requests = Math.min(most, recording.times.length)
  }

  next(): boolean {
    const { recording, at } = this
    if (at >= this.requests) return false
    this.at++
    this.time = recording.times[at]! / this.pace
    this.key = recording.keys[at]!
    this.demand = recording.demands[at]!
    return true
  }
}

/** Requests per millisecond, and the mean time to serve one, as recorded. */
export function measuresOf({ times, demands }: Recording): { rate: number; meanService: number } {
  const span = times.at(-1) ?? 0
  const sum = demands.reduce((total, demand) => total + demand, 0)
  return { rate: span === 0 ? 0 : times.length / span, meanService: times.length === 0 ? 0 : sum / times.length }
}
