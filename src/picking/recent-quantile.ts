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
    const gone = samples[this.next]!
    samples[this.next] = sample
    this.next = (this.next + 1) % SIZE
    if (this.count === SIZE) this.replace(gone, sample)
    else {
      const index = this.indexOf(sample)
      for (let at = this.count++; at > index; at--) sorted[at] = sorted[at - 1]!
      sorted[index] = sample
    }
    this.value = sorted[Math.min(this.count - 1, Math.floor(this.quantile * this.count))]!
  }

  /** Only what is between the two in order moves: mostly little, for loads are alike. */
  private replace(gone: number, sample: number): void {
    const { sorted } = this
    let at = this.indexOf(gone)
    for (; at + 1 < SIZE && sorted[at + 1]! < sample; at++) sorted[at] = sorted[at + 1]!
    for (; at > 0 && sorted[at - 1]! > sample; at--) sorted[at] = sorted[at - 1]!
    sorted[at] = sample
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
