// A quantile of the samples that came last. Samples come seldom (with probes), and the quantile is asked for often.

const SIZE = 128

export class RecentQuantile {
  private readonly quantile: number
  private readonly samples = new Float64Array(SIZE)
  private readonly sorted = new Float64Array(SIZE)
  private count = 0
  private next = 0
  private value = Infinity

  constructor(quantile: number) {
    this.quantile = quantile
  }

  /** Infinity before the first sample. */
  get(): number {
    return this.value
  }

  add(sample: number): void {
    const { samples, sorted } = this
    if (this.count === SIZE) {
      // The oldest goes: what is behind it in order moves up.
      const oldest = this.indexOf(samples[this.next]!)
      sorted.copyWithin(oldest, oldest + 1, SIZE)
      this.count--
    }
    samples[this.next] = sample
    this.next = (this.next + 1) % SIZE
    const index = this.indexOf(sample)
    sorted.copyWithin(index + 1, index, this.count)
    sorted[index] = sample
    this.count++
    this.value = sorted[Math.min(this.count - 1, Math.floor(this.quantile * this.count))]!
  }

  /** Of the first one in order that is not below `sample`; the count when there is none. */
  private indexOf(sample: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.sorted[middle]! < sample) low = middle + 1
      else high = middle
    }
    return low
  }
}
