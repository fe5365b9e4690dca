// How workers count exchanges in flight: the sum of all workers lies in the server table, where strategies and limits
// look; beside it each worker keeps what is its own, so that exactly that can be given back when the worker dies.
//
// A thread can be ended at any moment, but V8 ends it only where JavaScript enters a function or goes round a loop
// (its stack guard). So both counts are changed with neither between them: they are always changed together.
import { inFlightCell, type ServerTable } from './server-table.ts'

/** The answer of `takeBelow` when the server has no place left. */
export const FULL = -1

export class InFlight {
  /** What this worker has in flight, by slot. */
  readonly buffer: SharedArrayBuffer
  private readonly held: Int32Array
  private readonly sums: Int32Array

  /** Makes the counts of one worker with room for `capacity` servers, or opens those in `buffer`. */
  constructor(table: ServerTable, source: number | SharedArrayBuffer) {
    this.buffer = typeof source === 'number' ? new SharedArrayBuffer(4 * source) : source
    this.held = new Int32Array(this.buffer)
    this.sums = new Int32Array(table.buffer)
  }

  /** Counts an exchange in; returns how many there were before, over all workers. */
  take(slot: number): number {
    const cell = inFlightCell(slot)
    const before = Atomics.add(this.sums, cell, 1)
    this.held[slot]!++
    return before
  }

  /** The same, but only while there are fewer than `limit`; FULL otherwise. All workers together never pass the limit. */
  takeBelow(slot: number, limit: number): number {
    const cell = inFlightCell(slot)
    let before = Atomics.load(this.sums, cell)
    while (before < limit) {
      const seen = Atomics.compareExchange(this.sums, cell, before, before + 1)
      if (seen === before) {
        this.held[slot]!++
        return before
      }
      before = seen
    }
    return FULL
  }

  /** Counts an exchange out that was counted in here. */
  release(slot: number): void {
    const cell = inFlightCell(slot)
    Atomics.sub(this.sums, cell, 1)
    this.held[slot]!--
  }

  /** Counts out everything that a worker that died had in flight. */
  giveBack(): void {
    for (let slot = 0; slot < this.held.length; slot++) {
      if (this.held[slot] === 0) continue
      Atomics.sub(this.sums, inFlightCell(slot), this.held[slot]!)
      this.held[slot] = 0
    }
  }
}
