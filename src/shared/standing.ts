// What workers note about how servers do, by slot: failures in a row over all workers, how often one was ejected, and
// what its responses said last. It lies in the server table; the verdicts that come of it are bars there.
import { type ServerTable, STANDING } from './server-table.ts'

/** What a server may say about new exchanges; 0 when it has said nothing. */
export const DRAIN_SAID = 1
export const READY_SAID = 2

export class Standing {
  private readonly table: ServerTable
  private readonly cells: Int32Array
  private readonly doubles: Float64Array

  constructor(table: ServerTable) {
    this.table = table
    this.cells = new Int32Array(table.buffer)
    this.doubles = new Float64Array(table.buffer)
  }

  /** One more attempt in a row that had no usable answer; returns how many that makes. */
  addSilent(slot: number): number {
    return Atomics.add(this.cells, this.table.standing(slot) + STANDING.silent, 1) + 1
  }

  /** One more attempt in a row that failed in any way; returns how many that makes. */
  addFailed(slot: number): number {
    return Atomics.add(this.cells, this.table.standing(slot) + STANDING.failed, 1) + 1
  }

  /** Attempts in a row that failed in any way. */
  failedInARow(slot: number): number {
    return Atomics.load(this.cells, this.table.standing(slot) + STANDING.failed)
  }

  /**
   * A hedge has overtaken an attempt that began `millis` ago. Returns for how many milliseconds such attempts are all that
   * the server has had: it has answered nobody.
   */
  addOvertaken(slot: number, millis: number): number {
    const at = (this.table.standing(slot) + STANDING.quietSince) / 2
    const now = this.table.now()
    if (this.doubles[at] === 0) this.doubles[at] = now - millis
    return now - this.doubles[at]!
  }

  /** The server has answered, be it with an error: the count of silent attempts begins anew. Read first: it is nearly always 0. */
  clearSilent(slot: number): void {
    const base = this.table.standing(slot)
    if (this.cells[base + STANDING.silent] !== 0) Atomics.store(this.cells, base + STANDING.silent, 0)
    const at = (base + STANDING.quietSince) / 2
    if (this.doubles[at] !== 0) this.doubles[at] = 0
  }

  /** An attempt has succeeded: both counts begin anew. */
  clear(slot: number): void {
    this.clearSilent(slot)
    const cell = this.table.standing(slot) + STANDING.failed
    if (this.cells[cell] !== 0) Atomics.store(this.cells, cell, 0)
  }

  /** When the open circuit breaker lets trials in, on the table's clock; 0: that is not known. */
  trialsAt(slot: number): number {
    return this.doubles[(this.table.standing(slot) + STANDING.trialsAt) / 2]!
  }

  setTrialsAt(slot: number, at: number): void {
    this.doubles[(this.table.standing(slot) + STANDING.trialsAt) / 2] = at
  }

  countEjection(slot: number): void {
    Atomics.add(this.cells, this.table.standing(slot) + STANDING.ejections, 1)
  }

  ejections(slot: number): number {
    return Atomics.load(this.cells, this.table.standing(slot) + STANDING.ejections)
  }

  /** What a response said: `weight` 0 to 100 or -1, `drain` DRAIN_SAID, READY_SAID or 0; `now` on the table's clock. */
  say(slot: number, weight: number, drain: number, now: number): void {
    const base = this.table.standing(slot)
    if (weight >= 0) Atomics.store(this.cells, base + STANDING.saidWeight, weight + 1)
    if (drain !== 0) Atomics.store(this.cells, base + STANDING.saidDrain, drain)
    this.doubles[(base + STANDING.saidAt) / 2] = now
  }

  /** Per cent of its weight that the server asked for last, or -1. */
  saidWeight(slot: number): number {
    return Atomics.load(this.cells, this.table.standing(slot) + STANDING.saidWeight) - 1
  }

  saidDrain(slot: number): number {
    return Atomics.load(this.cells, this.table.standing(slot) + STANDING.saidDrain)
  }

  saidAt(slot: number): number {
    return this.doubles[(this.table.standing(slot) + STANDING.saidAt) / 2]!
  }

  /** Forgets what responses said. */
  unsay(slot: number): void {
    const base = this.table.standing(slot)
    Atomics.store(this.cells, base + STANDING.saidWeight, 0)
    Atomics.store(this.cells, base + STANDING.saidDrain, 0)
  }

  /** What a load report comes to: requests a second that the server could take if it were fully used. */
  reportLoad(slot: number, weight: number, now: number): void {
    const base = this.table.standing(slot)
    this.doubles[(base + STANDING.orcaWeight) / 2] = weight
    this.doubles[(base + STANDING.orcaAt) / 2] = now
  }

  loadWeight(slot: number): number {
    return this.doubles[(this.table.standing(slot) + STANDING.orcaWeight) / 2]!
  }

  /** When the last load report came; 0: never. */
  loadAt(slot: number): number {
    return this.doubles[(this.table.standing(slot) + STANDING.orcaAt) / 2]!
  }
}
