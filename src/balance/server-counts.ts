// What the workers have counted for one server, summed, and how much of it is new since the last look.
import { type Counters, SERVER_COUNTER } from '../shared/counters.ts'
import { BUCKETS } from '../shared/histogram.ts'

export class ServerCounts {
  /** New at the last look. */
  ok = 0
  failed = 0
  /** Buckets of the times to the head of a response; empty unless asked for. */
  readonly headTimes: Float64Array
  private readonly slot: number
  private okBefore = 0
  private failedBefore = 0
  private readonly headTimesBefore: Float64Array

  constructor(slot: number, timed: boolean) {
    this.slot = slot
    this.headTimes = new Float64Array(timed ? BUCKETS : 0)
    this.headTimesBefore = new Float64Array(timed ? BUCKETS : 0)
  }

  /** Looks: the fields tell what has come since the last time. */
  look(counters: readonly Counters[]): this {
    let ok = 0
    let failed = 0
    for (const block of counters) {
      ok += block.forServer(this.slot, SERVER_COUNTER.attemptsOk)
      failed += block.forServer(this.slot, SERVER_COUNTER.attemptsFailed)
    }
    this.ok = ok - this.okBefore
    this.failed = failed - this.failedBefore
    this.okBefore = ok
    this.failedBefore = failed
    if (this.headTimes.length > 0) this.lookAtTimes(counters)
    return this
  }

  private lookAtTimes(counters: readonly Counters[]): void {
    const { headTimes, headTimesBefore } = this
    headTimes.fill(0)
    for (const block of counters) {
      const times = block.headTimes(this.slot)
      for (let bucket = 0; bucket < BUCKETS; bucket++) headTimes[bucket]! += times[bucket]!
    }
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const sum = headTimes[bucket]!
      headTimes[bucket] = sum - headTimesBefore[bucket]!
      headTimesBefore[bucket] = sum
    }
  }
}
