// Taking turns by weight where a full round would be too long to lay out: thousands of entries of many weights.
//
// The entries share a ring of 2^32 points by weight, and each step moves on by the golden ratio of the ring (Weyl's
// sequence; Knuth, The Art of Computer Programming, volume 3, 6.4, on Fibonacci hashing). No other stride spreads the
// points more evenly: over any run an entry gets its share but for a few turns. The stride is odd, so that all
// points come once before the first returns, and a step counter that wraps at 2^32 goes on without a seam.
import type { WeightedSequence } from './weighted-sequence.ts'

const RING = 2 ** 32
const GOLDEN_STRIDE = 0x9e3779b9

export class GoldenSequence implements WeightedSequence {
  readonly length = RING
  /** The point at which each entry's stretch begins; a last one closes the ring. */
  private readonly begins: Float64Array
  /** The entry at the first point of each of 2^n equal parts of the ring, so that a search begins near its end. */
  private readonly guide: Uint32Array
  private readonly guideShift: number

  /** Takes whole numbers of at least 1. */
  constructor(weights: readonly number[]) {
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    this.begins = new Float64Array(weights.length + 1)
    let sum = 0
    for (let entry = 0; entry < weights.length; entry++) {
      sum += weights[entry]!
      this.begins[entry + 1] = Math.round((sum / total) * RING)
    }
    const bits = Math.min(Math.max(32 - Math.clz32(weights.length), 1), 20)
    this.guideShift = 32 - bits
    this.guide = new Uint32Array(2 ** bits)
    let entry = 0
    for (let part = 0; part < this.guide.length; part++) {
      while (this.begins[entry + 1]! <= part * 2 ** this.guideShift) entry++
      this.guide[part] = entry
    }
  }

  at(step: number): number {
    const point = Math.imul(step, GOLDEN_STRIDE) >>> 0
    let entry = this.guide[point >>> this.guideShift]!
    while (this.begins[entry + 1]! <= point) entry++
    return entry
  }

  /** Which entry comes next among a few cannot be told from the steps; the way along the ring takes their place. */
  distance(entry: number, step: number): number {
    const point = Math.imul(step, GOLDEN_STRIDE) >>> 0
    const begin = this.begins[entry]!
    if (begin > point) return begin - point
    return point < this.begins[entry + 1]! ? 0 : begin + RING - point
  }

  stepAfter(_entry: number, step: number): number {
    return (step + 1) >>> 0
  }
}
