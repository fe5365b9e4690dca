// When a request has waited long enough for its response to be worth asking a second server: after a fixed time, or after
// a percentile of what requests take now (Dean and Barroso, "The Tail at Scale", 2013). Times are counted in a logarithmic
// histogram that forgets: all counts are halved whenever they add up to 2,000, and every minute.
//
// A first attempt that lost against its hedge is recorded with the time at which it was given up. It would have taken
// longer, but the percentile is a matter of ranks: that time is above it already, so nothing is falsified.
import type { Hedging } from '../config/config.ts'
import { BUCKETS, bucketOf, quantile } from '../shared/histogram.ts'

/** With fewer a percentile says too little. */
const LEAST = 50
const HALVED_AT = 2000
const HALVED_AFTER_MS = 60_000
/** Requests between two looks at the percentile. */
const LOOK_EVERY = 20

export class HedgeClock {
  readonly after: Hedging['after']
  private readonly share: number
  private readonly counts: Float64Array
  private total = 0
  private fresh = 0
  private halvedAt = 0
  private millis: number

  /** `after` is not 0. */
  constructor(after: Hedging['after']) {
    this.after = after
    this.share = typeof after === 'number' ? 0 : after.percentile / 100
    this.counts = new Float64Array(typeof after === 'number' ? 0 : BUCKETS)
    this.millis = typeof after === 'number' ? after : 0
  }

  /** Milliseconds to wait for a response head before a hedge; 0: not known yet, no hedge. At most 12.5 % too high. */
  get wait(): number {
    return this.millis
  }

  /** The first attempt of a request had its response head, or was given up, after `millis`. `now` on the monotonic clock. */
  record(millis: number, now: number): void {
    if (this.share === 0) return
    this.counts[bucketOf(millis * 1000)]!++
    this.total++
    this.fresh++
    if (this.total >= HALVED_AT || now - this.halvedAt > HALVED_AFTER_MS) this.halve(now)
    if (this.fresh < LOOK_EVERY) return
    this.fresh = 0
    this.millis = this.total < LEAST ? 0 : quantile(this.counts, this.share) / 1000
  }

  private halve(now: number): void {
    this.halvedAt = now
    this.total /= 2
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.counts[bucket]! /= 2
  }
}
