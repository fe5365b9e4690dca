// How soon a place may be expected, for Retry-After: as long as those that wait take at the present rate.

const WINDOW_MS = 1000
/** Older measurements say nothing about now. */
const STALE_MS = 10_000
const LEAST = 1
const MOST = 30
/** While nothing is known. */
const USUAL = 5

export class DrainRate {
  private at = Number.NEGATIVE_INFINITY
  private before = 0
  /** Exchanges that finish in a second; negative when it is not known. */
  private rate = -1

  /** Whole seconds, 1 to 30. `now` in milliseconds; `finished` counts exchanges that are over and may wrap at 32 bits. */
  seconds(now: number, finished: number, waiting: number): number {
    const elapsed = now - this.at
    if (elapsed > STALE_MS) this.rate = -1
    else if (elapsed >= WINDOW_MS) this.rate = (((finished - this.before) | 0) * 1000) / elapsed
    if (elapsed >= WINDOW_MS) {
      this.at = now
      this.before = finished
    }
    if (this.rate < 0) return USUAL
    return Math.min(Math.max(Math.ceil((waiting + 1) / this.rate), LEAST), MOST)
  }
}
