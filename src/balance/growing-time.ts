// Times that grow with each repetition, and shrink back when it was long enough quiet.

export class GrowingTime {
  private count = 0
  private endedAt = 0
  private readonly next: (base: number, count: number) => number

  private constructor(next: (base: number, count: number) => number) {
    this.next = next
  }

  /** base, 2 × base, 3 × base, … */
  static linear(): GrowingTime {
    return new GrowingTime((base, count) => base * count)
  }

  /** base, 2 × base, 4 × base, … */
  static doubling(): GrowingTime {
    return new GrowingTime((base, count) => base * 2 ** Math.min(count - 1, 50))
  }

  /** How often in a row, with what has been forgotten since taken off. */
  get repetitions(): number {
    return this.count
  }

  /** Begins one at `now`: how long it lasts, in milliseconds, at most `max`. One is forgotten for each `base` since the last end. */
  begin(now: number, base: number, max: number): number {
    const forgotten = this.count === 0 ? 0 : Math.floor(Math.max(0, now - this.endedAt) / base)
    this.count = Math.max(0, this.count - forgotten) + 1
    return Math.min(this.next(base, this.count), max)
  }

  end(now: number): void {
    this.endedAt = now
  }
}
