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
    this.samples[this.next] = sample
    this.next = (this.next + 1) % SIZE
    this.count = Math.min(this.count + 1, SIZE)
    this.sorted.set(this.samples)
    // What is not filled yet sorts behind all samples.
    this.sorted.fill(Infinity, this.count)
    this.sorted.sort()
    this.value = this.sorted[Math.min(this.count - 1, Math.floor(this.quantile * this.count))]!
  }
}
