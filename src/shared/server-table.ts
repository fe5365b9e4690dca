// What every thread knows about each server, by slot: health, in-flight exchanges, connect failures in a row.
// The main thread and all workers write here, always with Atomics.

export const UP = 0
export const DOWN = 1
export const DRAINING = 2
export type Health = typeof UP | typeof DOWN | typeof DRAINING

const CELLS_PER_SLOT = 4
const HEALTH = 0
const IN_FLIGHT = 1
const CONNECT_FAILURES = 2

const HEADER_CELLS = 16
const HEALTH_EPOCH = 0

export class ServerTable {
  readonly buffer: SharedArrayBuffer
  readonly capacity: number
  private readonly cells: Int32Array

  /** Makes a table with room for `capacity` servers, or opens the one in `buffer`. */
  constructor(source: number | SharedArrayBuffer) {
    this.buffer =
      typeof source === 'number' ? new SharedArrayBuffer(4 * (HEADER_CELLS + source * CELLS_PER_SLOT)) : source
    this.cells = new Int32Array(this.buffer)
    this.capacity = (this.cells.length - HEADER_CELLS) / CELLS_PER_SLOT
  }

  /** Changes with every change of any server's health, so that pickers know when to rebuild. */
  healthEpoch(): number {
    return Atomics.load(this.cells, HEALTH_EPOCH)
  }

  health(slot: number): Health {
    return Atomics.load(this.cells, at(slot) + HEALTH) as Health
  }

  /** Sets the health of a server; returns whether that changed anything. */
  setHealth(slot: number, health: Health): boolean {
    const changed = Atomics.exchange(this.cells, at(slot) + HEALTH, health) !== health
    if (changed) Atomics.add(this.cells, HEALTH_EPOCH, 1)
    return changed
  }

  /** Takes a server down if it is up; returns whether it was. A draining one stays as it is. */
  takeDown(slot: number): boolean {
    const taken = Atomics.compareExchange(this.cells, at(slot) + HEALTH, UP, DOWN) === UP
    if (taken) Atomics.add(this.cells, HEALTH_EPOCH, 1)
    return taken
  }

  /**
   * Exchanges in flight, over all workers; `InFlight` changes it. Read without Atomics: a strategy may read thousands
   * for one pick, and `Atomics.load` takes ten times as long (bench/micro/pick.ts). A plain read of an aligned 32-bit
   * cell is never torn (ECMA-262, memory model), only perhaps a moment old, which a count that other threads change all
   * the time always is.
   */
  inFlight(slot: number): number {
    return this.cells[at(slot) + IN_FLIGHT]!
  }

  /** Counts one more connect failure in a row; returns the new count. */
  addConnectFailure(slot: number): number {
    return Atomics.add(this.cells, at(slot) + CONNECT_FAILURES, 1) + 1
  }

  clearConnectFailures(slot: number): void {
    if (Atomics.load(this.cells, at(slot) + CONNECT_FAILURES) !== 0) {
      Atomics.store(this.cells, at(slot) + CONNECT_FAILURES, 0)
    }
  }

  /** Makes the slot ready for a new server. */
  reset(slot: number): void {
    for (let cell = 0; cell < CELLS_PER_SLOT; cell++) Atomics.store(this.cells, at(slot) + cell, 0)
    Atomics.add(this.cells, HEALTH_EPOCH, 1)
  }
}

function at(slot: number): number {
  return HEADER_CELLS + slot * CELLS_PER_SLOT
}

/** Where the exchanges in flight of a server are counted in the table's buffer; for `InFlight`. */
export function inFlightCell(slot: number): number {
  return at(slot) + IN_FLIGHT
}
