// A running median in two numbers: each sample moves it by 5 % of itself, up or down. What is far out moves it no further
// than what is near, so one wild sample does no harm (the median of M. Ma et al., "frugal streaming", 2013, on a scale of ratios).

const STEP = 1.05

export class Typical {
  private value: number
  private known = false

  /** `before` counts until the first sample. */
  constructor(before: number) {
    this.value = before
  }

  get(): number {
    return this.value
  }

  /** Takes a sample above 0. */
  add(sample: number): void {
    if (!this.known) {
      this.value = sample
      this.known = true
    } else if (sample > this.value) this.value = Math.min(sample, this.value * STEP)
    else this.value = Math.max(sample, this.value / STEP)
  }
}
