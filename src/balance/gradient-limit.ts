// Finds out how many exchanges the servers of an upstream can take at a time. While they are not crowded, they take as long as
// they take (the baseline), however many exchanges there are; beyond that, exchanges only wait for each other, and latency
// grows. So the limit follows the ratio of the two, with room for a queue of the root of the limit, as in Envoy's gradient
// controller and Netflix' Gradient2:
//
//   gradient = 1.25 * baseline / latency, within 0.5 and 1.25        limit = gradient * limit + sqrt(gradient * limit)
//
// The baseline is what may go wrong: measured in a crowd it would let the crowd grow without end, and one that is out of date
// would starve servers that have become slower. It is learned in three ways:
//   - when less than half of the limit is used, latency is the baseline, and is followed slowly;
//   - under lasting pressure the limit is halved now and then, again and again as long as that makes exchanges clearly faster.
//     The last latency is the baseline. (Envoy goes down to 3 exchanges for that, which costs far more throughput.)
//   - the same is done when the limit has come down to half: it may be that not the crowd, but the servers have changed.

/** Milliseconds between two looks. */
export const TICK_MS = 100

const INITIAL = 20
const LEAST = 4
/** How much longer than the baseline an exchange may take before the limit goes down. */
const TOLERANCE = 1.25
const STEEPEST = 0.5
/** Medians of fewer exchanges say little. */
const ENOUGH = 20
/** The baseline decides for long: it deserves more of them, if they come within `PATIENCE_MS`. */
const ENOUGH_FOR_BASELINE = 100
const PATIENCE_MS = 1000
/** Time under pressure after which the baseline is measured anew, varied by a tenth; the first time sooner. */
const REMEASURE_MS = 30_000
const FIRST_MEASURE_MS = 2000
/** Part of a new latency that goes into the baseline while there is no pressure. */
const FOLLOW = 0.1
/** Exchanges are clearly faster when they take less than this part of the time. */
const FASTER = 0.85

export class GradientLimit {
  /** Milliseconds that the servers take when they are not crowded; 0 while that is not known. */
  baseline = 0
  private exact = INITIAL
  private most: number
  private readonly random: () => number
  /** The window: what was seen since it began. */
  private latencies: number[] = []
  private beganAt = Number.NaN
  /** Before that, what is seen does not count yet. */
  private settlesAt = 0
  private peak = 0
  private latency = 0
  private measureAt = Number.NaN
  /** The limit that began to go down; 0 while it does not. */
  private highest = 0
  /** While the baseline is measured: the limit to go back to, else 0; and the latency before the last step. */
  private resumeAt = 0
  private latencyBefore = 0

  /** `most` is the upper bound of the limit. */
  constructor(most: number, random: () => number) {
    this.most = most
    this.random = random
    this.setLimit(INITIAL)
  }

  /** Exchanges that may be under way at a time. */
  get limit(): number {
    return Math.round(this.exact)
  }

  setMost(most: number): void {
    this.most = most
    this.setLimit(this.exact)
  }

  /**
   * To be called every `TICK_MS`. `now` in milliseconds; `latencies`, in milliseconds, of exchanges that have ended since the
   * last call; `active`: exchanges under way.
   */
  look(now: number, latencies: readonly number[], active: number): void {
    if (Number.isNaN(this.beganAt)) {
      this.beganAt = now
      this.measureAt = now + FIRST_MEASURE_MS
    }
    if (this.settlesAt > 0) {
      if (now >= this.settlesAt) this.settlesAt = 0
      this.beganAt = now
      return
    }
    for (const latency of latencies) this.latencies.push(latency)
    this.peak = Math.max(this.peak, active)
    const count = this.latencies.length
    const elapsed = now - this.beganAt
    if (count < ENOUGH || elapsed < Math.max(TICK_MS, this.latency)) return
    const measuring = this.resumeAt > 0
    if (measuring && count < ENOUGH_FOR_BASELINE && elapsed < PATIENCE_MS + this.latency) return
    const latency = median(this.latencies)
    const crowded = this.peak >= this.exact / 2
    this.latency = latency
    if (measuring) this.measure(now, latency)
    else if (this.baseline === 0) this.baseline = latency
    else if (crowded) this.adjust(now, latency)
    else this.follow(now, latency)
    this.nextWindow(now)
  }

  private follow(now: number, latency: number): void {
    this.baseline += FOLLOW * (latency - this.baseline)
    this.highest = 0
    this.postpone(now)
  }

  private adjust(now: number, latency: number): void {
    const gradient = Math.min(Math.max((TOLERANCE * this.baseline) / latency, STEEPEST), TOLERANCE)
    if (gradient >= 1) this.highest = 0
    else if (this.highest === 0) this.highest = this.exact
    if (now >= this.measureAt || this.exact <= Math.max(this.highest / 2, this.highest === 0 ? 0 : LEAST)) {
      this.resumeAt = this.exact
      this.halve(now, latency)
    } else this.setLimit(gradient * this.exact + Math.sqrt(gradient * this.exact))
  }

  /** The limit was halved: goes on with that, or back. */
  private measure(now: number, latency: number): void {
    if (latency < FASTER * this.latencyBefore && this.exact > LEAST) {
      this.halve(now, latency)
      return
    }
    this.baseline = latency
    this.setLimit(this.resumeAt)
    this.resumeAt = 0
    this.highest = 0
    this.postpone(now)
  }

  /** Those under way were let in before: it shows only once they have ended. */
  private halve(now: number, latency: number): void {
    this.latencyBefore = latency
    this.settlesAt = now + latency
    this.setLimit(this.exact / 2)
  }

  private postpone(now: number): void {
    this.measureAt = now + REMEASURE_MS * (0.9 + 0.2 * this.random())
  }

  private setLimit(limit: number): void {
    this.exact = Math.min(Math.max(limit, LEAST), this.most)
  }

  private nextWindow(now: number): void {
    this.latencies = []
    this.peak = 0
    this.beganAt = now
  }
}

function median(values: number[]): number {
  values.sort((a, b) => a - b)
  const middle = values.length >> 1
  return values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2
}
