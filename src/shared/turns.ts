// Whole numbers that all workers share, so that strategies take turns over the whole process: one for each tier of each
// upstream (balance/tiers.ts).
import type { Turn } from '../seams/strategy.ts'

const TIERS = 32

export class Turns {
  readonly buffer: SharedArrayBuffer
  readonly capacity: number
  private readonly cells: Int32Array

  /** Makes cells for `capacity` upstreams, or opens those in `buffer`. */
  constructor(source: number | SharedArrayBuffer) {
    this.buffer = typeof source === 'number' ? new SharedArrayBuffer(4 * TIERS * source) : source
    this.cells = new Int32Array(this.buffer)
    this.capacity = this.cells.length / TIERS
  }

  /** The turn of one upstream's tier, 0 to 31. */
  at(upstream: number, tier: number): Turn {
    const { cells } = this
    const index = TIERS * upstream + tier
    return {
      next: () => Atomics.add(cells, index, 1) & 0x7fffffff,
      get: () => Atomics.load(cells, index) & 0x7fffffff,
      set: (value) => {
        Atomics.store(cells, index, value)
      },
    }
  }
}
