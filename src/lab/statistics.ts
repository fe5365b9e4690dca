// What is measured in one run. Only exchanges that began after the warm-up count; latencies are those of exchanges that
// were answered well, for a quick failure is no good answer.
import type { Failure } from '../seams/failures.ts'
import { BUCKETS, bucketOf } from '../shared/histogram.ts'
import { FineHistogram } from './fine-histogram.ts'
import type { SimulatedExchange } from './simulated-exchange.ts'

/** How many stretches the time is cut into. */
export const STRETCHES = 100

export interface StatisticsOptions {
  readonly servers: number
  readonly keys: number
  /** When counting begins and when the last request is expected, in milliseconds. */
  readonly from: number
  readonly to: number
}

export class Statistics {
  readonly latency = new FineHistogram()
  /** Exchanges that began while it counts, and those of them that failed. */
  exchanges = 0
  failed = 0
  retries = 0
  /** By name; answers of servers that are errors are `error_response`. */
  readonly failures = new Map<string, number>()
  /** Attempts by server, from 0. */
  readonly attempts: Float64Array
  /** Most that a server had, waiting and at work, by server. */
  readonly peaks: Float64Array
  /** How many attempts found so many others at their server; the last one counts all that found more. */
  readonly found = new Float64Array(64)
  /** Requests whose key had been before, and those of them that met another server than it did then. */
  repeatedKeys = 0
  movedKeys = 0
  /** Exchanges, failures and latencies by the stretch of time in which they began. */
  readonly began = new Float64Array(STRETCHES)
  readonly failedThen = new Float64Array(STRETCHES)
  readonly latenciesThen: readonly Uint32Array[]
  /** Why a strategy of people's own was given up, for the default one to take its place; empty: it was not. */
  strategyFailure = ''
  readonly from: number
  readonly to: number
  private counting = false
  /** Of each key the server that it met last; 0: none yet. */
  private readonly lastServer: Int32Array

  constructor({ servers, keys, from, to }: StatisticsOptions) {
    this.attempts = new Float64Array(servers)
    this.peaks = new Float64Array(servers)
    this.latenciesThen = Array.from({ length: STRETCHES }, () => new Uint32Array(BUCKETS))
    this.lastServer = new Int32Array(keys)
    this.from = from
    this.to = to
  }

  /** A request comes at `now`. */
  arrived(now: number): void {
    this.counting = now >= this.from
  }

  /** The server of this number, from 1, was chosen. */
  picked(server: number): void {
    if (this.counting) this.attempts[server - 1]!++
  }

  /** An exchange has come to the server, which has so many now. */
  loaded(server: number, inFlight: number): void {
    if (!this.counting) return
    if (inFlight > this.peaks[server - 1]!) this.peaks[server - 1] = inFlight
    this.found[Math.min(inFlight, this.found.length) - 1]!++
  }

  /** An attempt after the first one: a retry or a hedge. */
  triedAgain(exchange: SimulatedExchange): void {
    if (exchange.startedAt >= this.from) this.retries++
  }

  /** `server` from 1, or 0 when none was reached. */
  finished(
    exchange: SimulatedExchange,
    server: number,
    failure: Failure | null,
    isError: boolean,
    millis: number,
  ): void {
    this.keyMet(exchange, server)
    if (exchange.startedAt < this.from) return
    const stretch = this.stretchOf(exchange.startedAt)
    this.exchanges++
    this.began[stretch]!++
    if (failure === null && !isError) {
      this.latency.add(millis)
      this.latenciesThen[stretch]![bucketOf(millis * 1000)]!++
      return
    }
    const name = failure === null ? 'error_response' : failure.name
    this.failed++
    this.failedThen[stretch]!++
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1)
  }

  private keyMet(exchange: SimulatedExchange, server: number): void {
    const { keyNumber } = exchange
    const before = this.lastServer[keyNumber]!
    if (server === 0) return
    this.lastServer[keyNumber] = server
    if (before === 0 || exchange.startedAt < this.from) return
    this.repeatedKeys++
    if (before !== server) this.movedKeys++
  }

  private stretchOf(time: number): number {
    const stretch = Math.floor(((time - this.from) / (this.to - this.from)) * STRETCHES)
    return Math.min(STRETCHES - 1, stretch)
  }
}
