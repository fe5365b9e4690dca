// The circuit breakers of all servers, by slot. The whole state of one is a single cell, changed by compare and exchange,
// so that over all workers exactly as many trials run as the config allows, and one thread alone sees each transition:
//
//   closed ──(failures)──▶ open ──(time)──▶ half-open ──(trials succeed)──▶ closed
//                            ▲                  └──(a trial fails)──▶ open
//
// Each half-open phase has a number of its own, which its trials carry: a result that comes late counts for nothing.
import { BAR, type ServerTable, STANDING } from './server-table.ts'

export const CLOSED = 0
export const OPEN = 1
export const HALF_OPEN = 2
export type BreakerState = typeof CLOSED | typeof OPEN | typeof HALF_OPEN

/** The answer of `take` when every trial is taken, or none is needed. */
export const NO_TRIAL = 0

// The cell: state in 2 bits, trials under way in 7, trials that succeeded in 7, number of the phase in 15.
const COUNT = 0x7f
const TAKEN_SHIFT = 2
const DONE_SHIFT = 9
const PHASE_SHIFT = 16
const PHASE = 0x7fff

export class BreakerCells {
  private readonly table: ServerTable
  private readonly cells: Int32Array

  constructor(table: ServerTable) {
    this.table = table
    this.cells = new Int32Array(table.buffer)
  }

  state(slot: number): BreakerState {
    return (Atomics.load(this.cells, this.at(slot)) & 3) as BreakerState
  }

  /** Whether a half-open server has no trial left. */
  full(slot: number, limit: number): boolean {
    const cell = Atomics.load(this.cells, this.at(slot))
    return (cell & 3) === OPEN || ((cell & 3) === HALF_OPEN && !hasTrial(cell, limit))
  }

  /** Opens a breaker that is closed; returns whether it was. */
  open(slot: number): boolean {
    for (;;) {
      const cell = Atomics.load(this.cells, this.at(slot))
      if ((cell & 3) !== CLOSED) return false
      if (this.change(slot, cell, make(OPEN, 0, 0, phaseOf(cell)))) break
    }
    this.opened(slot)
    return true
  }

  /** Lets trials in; a half-open breaker begins anew, and the trials under way count no longer. */
  halfOpen(slot: number): boolean {
    for (;;) {
      const cell = Atomics.load(this.cells, this.at(slot))
      if ((cell & 3) === CLOSED) return false
      if (this.change(slot, cell, make(HALF_OPEN, 0, 0, nextPhase(cell)))) break
    }
    this.table.unbar(slot, BAR.breaker)
    return true
  }

  /** Closes the breaker, whatever it was. */
  reset(slot: number): void {
    for (;;) {
      const cell = Atomics.load(this.cells, this.at(slot))
      if (this.change(slot, cell, make(CLOSED, 0, 0, phaseOf(cell)))) break
    }
    this.table.unbar(slot, BAR.breaker)
  }

  /**
   * Asks for a place: NO_TRIAL when the breaker is closed, the phase of a trial (above 0) when it is half-open, and -1
   * when there is no place.
   */
  take(slot: number, limit: number): number {
    for (;;) {
      const cell = Atomics.load(this.cells, this.at(slot))
      if ((cell & 3) === CLOSED) return NO_TRIAL
      if ((cell & 3) === OPEN || !hasTrial(cell, limit)) return -1
      if (this.change(slot, cell, cell + (1 << TAKEN_SHIFT))) return phaseOf(cell)
    }
  }

  /** A trial has ended without saying anything about the server. */
  giveBack(slot: number, phase: number): void {
    for (;;) {
      const cell = Atomics.load(this.cells, this.at(slot))
      if ((cell & 3) !== HALF_OPEN || phaseOf(cell) !== phase) return
      if (this.change(slot, cell, cell - (1 << TAKEN_SHIFT))) return
    }
  }

  /** A trial has succeeded; when `needed` of this phase have, the breaker closes: true. */
  succeeded(slot: number, phase: number, needed: number): boolean {
    for (;;) {
      const cell = Atomics.load(this.cells, this.at(slot))
      if ((cell & 3) !== HALF_OPEN || phaseOf(cell) !== phase) return false
      const done = doneOf(cell) + 1
      const closes = done >= needed
      const next = closes ? make(CLOSED, 0, 0, phase) : make(HALF_OPEN, takenOf(cell) - 1, done, phase)
      if (!this.change(slot, cell, next)) continue
      if (closes) this.table.markUp(slot)
      return closes
    }
  }

  /** A trial has failed: the breaker opens again; returns whether it did, for only the first one makes it. */
  failed(slot: number, phase: number): boolean {
    for (;;) {
      const cell = Atomics.load(this.cells, this.at(slot))
      if ((cell & 3) !== HALF_OPEN || phaseOf(cell) !== phase) return false
      if (this.change(slot, cell, make(OPEN, 0, 0, phase))) break
    }
    this.opened(slot)
    return true
  }

  /** How often it has opened. */
  openings(slot: number): number {
    return Atomics.load(this.cells, this.table.standing(slot) + STANDING.openings)
  }

  /** Puts right what a thread left that died between the state and the bar. */
  settle(slot: number): void {
    if (this.state(slot) === OPEN) this.table.bar(slot, BAR.breaker)
    else this.table.unbar(slot, BAR.breaker)
  }

  private opened(slot: number): void {
    Atomics.add(this.cells, this.table.standing(slot) + STANDING.openings, 1)
    this.table.bar(slot, BAR.breaker)
  }

  private at(slot: number): number {
    return this.table.standing(slot) + STANDING.breaker
  }

  private change(slot: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.cells, this.at(slot), from, to) === from
  }
}

/** Trials under way and those that succeeded together are never more than the limit: no more are needed. */
function hasTrial(cell: number, limit: number): boolean {
  return takenOf(cell) + doneOf(cell) < limit
}

function make(state: BreakerState, taken: number, done: number, phase: number): number {
  return state | (taken << TAKEN_SHIFT) | (done << DONE_SHIFT) | (phase << PHASE_SHIFT)
}

function takenOf(cell: number): number {
  return (cell >> TAKEN_SHIFT) & COUNT
}

function doneOf(cell: number): number {
  return (cell >> DONE_SHIFT) & COUNT
}

function phaseOf(cell: number): number {
  return (cell >> PHASE_SHIFT) & PHASE
}

/** Never 0, which means no trial. */
function nextPhase(cell: number): number {
  return (phaseOf(cell) % PHASE) + 1
}
