// The answers to probes that a picker chooses from, each for a while and for a few picks (Prequal, section 4). One for each
// server at most: a newer answer takes the place of the older one.
import { NONE } from '../seams/strategy.ts'

export class ProbePool {
  size = 0
  readonly positions: Int32Array
  /** Exchanges that others than this process had in flight there. */
  readonly others: Float64Array
  readonly millis: Float64Array
  readonly since: Float64Array
  /** Picks that it is still good for. */
  readonly uses: Float64Array
  /** No answer is older. */
  private notBefore = Infinity

  constructor(capacity: number) {
    this.positions = new Int32Array(capacity)
    this.others = new Float64Array(capacity)
    this.millis = new Float64Array(capacity)
    this.since = new Float64Array(capacity)
    this.uses = new Float64Array(capacity)
  }

  /** When it is full the oldest makes room. */
  add(position: number, others: number, millis: number, since: number, uses: number): void {
    let index = this.find(position)
    if (index === NONE && this.size < this.positions.length) index = this.size++
    if (index === NONE) index = this.oldest()
    this.positions[index] = position
    this.others[index] = others
    this.millis[index] = millis
    this.since[index] = since
    if (since < this.notBefore) this.notBefore = since
    this.uses[index] = uses
  }

  remove(index: number): void {
    const last = --this.size
    this.positions[index] = this.positions[last]!
    this.others[index] = this.others[last]!
    this.millis[index] = this.millis[last]!
    this.since[index] = this.since[last]!
    this.uses[index] = this.uses[last]!
  }

  removeOlderThan(since: number): void {
    if (since <= this.notBefore) return
    for (let index = this.size - 1; index >= 0; index--) if (this.since[index]! < since) this.remove(index)
    this.notBefore = this.size === 0 ? Infinity : this.since[this.oldest()]!
  }

  /** NONE when it is empty. */
  oldest(): number {
    let oldest = this.size === 0 ? NONE : 0
    for (let index = 1; index < this.size; index++) if (this.since[index]! < this.since[oldest]!) oldest = index
    return oldest
  }

  private find(position: number): number {
    for (let index = 0; index < this.size; index++) if (this.positions[index] === position) return index
    return NONE
  }
}
