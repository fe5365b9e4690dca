// One whole number per upstream that all workers share, so that strategies take turns over the whole process.
import type { Turn } from '../seams/strategy.ts'

export class Turns {
  readonly buffer: SharedArrayBuffer
  readonly capacity: number
  private readonly cells: Int32Array

  /** Makes cells for `capacity` upstreams, or opens those in `buffer`. */
  constructor(source: number | SharedArrayBuffer) {
    this.buffer = typeof source === 'number' ? new SharedArrayBuffer(4 * source) : source
    this.cells = new Int32Array(this.buffer)
    this.capacity = this.cells.length
  }

  /** The turn in one cell. */
  at(index: number): Turn {
    const cells = this.cells
    return {
      next: () => Atomics.add(cells, index, 1) & 0x7fffffff,
      get: () => Atomics.load(cells, index) & 0x7fffffff,
      set: (value) => {
        Atomics.store(cells, index, value)
      },
    }
  }
}
