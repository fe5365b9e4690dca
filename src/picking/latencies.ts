// How long each server takes, learned from how attempts end. The samples come at irregular times, so each counts by the
// time since the one before: an average over a window of time and not over a number of samples, however busy a server is.
//
// An estimate that nothing refreshes would keep a server that was slow once from ever being tried again
// (traefik/traefik#12306). So it drifts, over the same time, to what is typical of all servers, or towards nothing at all:
// then the server is tried, and the next sample says what is true now.
import { fading } from '../base/fading.ts'
import { type AttemptResult, OUTCOME, type PickableServers } from '../seams/strategy.ts'
import { formerPositions, idsOf } from './former-positions.ts'
import { Typical } from './typical.ts'

/** How estimates learn, and what becomes of them without news. */
export const LATENCY = {
  /** An average, which drifts to what is typical of all servers. */
  average: 0,
  /** The worst counts at once and fades slowly (Finagle's peak EWMA); drifts towards nothing. */
  peak: 1,
} as const
export type LatencyKind = (typeof LATENCY)[keyof typeof LATENCY]

const NEVER = -Infinity
/** No server is quicker than this, in milliseconds: estimates are divided and compared. */
const LEAST = 0.01
/** Ages below this part of the decay change an estimate too little to work it out. */
const FRESH = 1 / 100

export interface LatencyOptions {
  readonly kind: LatencyKind
  /** Milliseconds in which an old estimate counts 37 %. */
  readonly decay: number
  /** Milliseconds that a server is thought to take before anything is known of any. */
  readonly expected: number
  /** Whether the last byte counts, or the head of the response. */
  readonly whole: boolean
}

export class Latencies {
  private readonly options: LatencyOptions
  private readonly ids: Int32Array
  private readonly estimates: Float64Array
  private readonly since: Float64Array
  private readonly freshFor: number
  private readonly drifted = new Float64Array(1)
  /** Of the estimates, as servers answer. */
  private readonly typical: Typical

  /** `before` is that of an earlier picker, whose estimates are taken over by id. */
  constructor(servers: PickableServers, options: LatencyOptions, before: Latencies | undefined) {
    this.options = options
    this.ids = idsOf(servers)
    this.estimates = new Float64Array(servers.count)
    this.since = new Float64Array(servers.count).fill(NEVER)
    this.freshFor = options.decay * FRESH
    this.typical = before?.typical ?? new Typical(options.expected)
    if (before === undefined) return
    for (const [position, former] of formerPositions(this.ids, before.ids).entries()) {
      if (former < 0) continue
      this.estimates[position] = before.estimates[former]!
      this.since[position] = before.since[former]!
    }
  }

  /** Milliseconds that an exchange is expected to take on a server that has nothing else to do. */
  at(position: number, now: number): number {
    // Small, so that V8 puts it into the picks themselves; the rest neither takes nor returns a number that is not whole,
    // which would become an object on the heap.
    const age = now - this.since[position]!
    if (age < this.freshFor) return this.estimates[position]!
    this.drifted[0] = age
    this.drift(position)
    return this.drifted[0]!
  }

  /** From the age in `drifted` to the estimate. */
  private drift(position: number): void {
    const { drifted } = this
    const { decay, kind } = this.options
    const age = drifted[0]!
    const towards = kind === LATENCY.average || age === Infinity ? this.typical.get() : 0
    drifted[0] = Math.max(towards + (this.estimates[position]! - towards) * fading(age / decay), LEAST)
  }

  finished(position: number, result: AttemptResult): void {
    const { now, outcome } = result
    const millis = Math.max(this.options.whole ? result.millis : result.headMillis, LEAST)
    if (outcome === OUTCOME.ok) {
      this.learn(position, millis, now)
      this.typical.add(this.estimates[position]!)
      return
    }
    // An attempt that failed or was given up says how long it took at least; that it was over soon says nothing good. A
    // server that does nothing but fail is not thought to be quicker than others for it.
    const estimate = this.at(position, now)
    if (millis > estimate) this.learn(position, millis, now)
    else if (outcome === OUTCOME.failed) this.learn(position, Math.max(estimate, this.typical.get()), now)
  }

  private learn(position: number, millis: number, now: number): void {
    const age = now - this.since[position]!
    const kept = fading(age / this.options.decay)
    const estimate = this.estimates[position]!
    const jumps = this.options.kind === LATENCY.peak && millis > estimate * kept
    this.estimates[position] = jumps ? millis : estimate * kept + millis * (1 - kept)
    this.since[position] = now
  }
}
