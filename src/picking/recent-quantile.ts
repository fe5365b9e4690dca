// A quantile of the samples that came last. Samples are alike, so it mostly stays where it is: how many samples are below it
// tells, and all of them are looked at only when it has to move to the next one.

const SIZE = 128

export class RecentQuantile {
  private readonly quantile: number
  private readonly samples = new Float64Array(SIZE)
  private count = 0
  private next = 0
  private value = Infinity
  /** Samples below `value`, and equal to it. */
  private below = 0
  private equal = 0

  constructor(quantile: number) {
    this.quantile = quantile
  }

  /** Infinity before the first sample. */
  get(): number {
    return this.value
  }

  add(sample: number): void {
    const { samples, value } = this
    if (this.count === SIZE) {
      // The oldest goes.
      const gone = samples[this.next]!
      if (gone < value) this.below--
      else if (gone === value) this.equal--
    } else this.count++
    samples[this.next] = sample
    this.next = (this.next + 1) % SIZE
    if (sample < value) this.below++
    else if (sample === value) this.equal++
    const rank = Math.min(this.count - 1, Math.floor(this.quantile * this.count))
    while (rank < this.below) this.moveDown()
    while (rank >= this.below + this.equal) this.moveUp()
  }

  /** To the highest sample below. */
  private moveDown(): void {
    const { samples, count, value } = this
    let highest = -Infinity
    let equal = 0
    for (let index = 0; index < count; index++) {
      const sample = samples[index]!
      if (sample >= value || sample < highest) continue
      equal = sample === highest ? equal + 1 : 1
      highest = sample
    }
    this.value = highest
    this.equal = equal
    this.below -= equal
  }

  /** To the lowest sample above. */
  private moveUp(): void {
    const { samples, count, value } = this
    let lowest = Infinity
    let equal = 0
    for (let index = 0; index < count; index++) {
      const sample = samples[index]!
      if (sample <= value || sample > lowest) continue
      equal = sample === lowest ? equal + 1 : 1
      lowest = sample
    }
    this.below += this.equal
    this.value = lowest
    this.equal = equal
  }
}
