// What every thread knows about each server, by slot: health, in-flight exchanges, connect failures in a row, and its
// standing: what keeps it from being picked although it is up, and since when it can be. Strategies read thousands of
// in-flight counts for one pick, so those lie close together, and the standings behind all of them.
// The main thread and all workers write here, always with Atomics (but for times, which are doubles and written whole).
import { processMillis } from '../base/process-clock.ts'

export const UP = 0
export const DOWN = 1
export const DRAINING = 2
export type Health = typeof UP | typeof DOWN | typeof DRAINING

/** What keeps a server that is up from being picked, as bits; health is another matter, and neither changes the other. */
export const BAR = {
  /** Outlier detection has taken it out for a while. */
  ejected: 1,
  /** Its circuit breaker is open. */
  breaker: 2,
  /** It has asked for no new exchanges. */
  drains: 4,
  /** Its agent says that it is down. */
  agent: 8,
} as const
export type Bar = (typeof BAR)[keyof typeof BAR]

const CELLS_PER_SLOT = 4
const HEALTH = 0
const IN_FLIGHT = 1
const CONNECT_FAILURES = 2

const HEADER_CELLS = 16
const HEALTH_EPOCH = 0
/** Who is at a decision: 0 nobody, a worker by its number plus one, or the main thread. */
const DECISION = 1
const MAIN_THREAD = -1

/** Cells of a standing; those of the doubles are even, for they take two each. */
export const STANDING = {
  bars: 0,
  /** Attempts in a row without a usable answer. */
  silent: 1,
  /** Attempts in a row that failed in any way, error statuses included. */
  failed: 2,
  /** State of the circuit breaker; see breaker-cells.ts. */
  breaker: 3,
  ejections: 4,
  openings: 5,
  /** What feedback takes from its weight, in thousandths. */
  reduction: 6,
  /** What response headers said last: per cent of the weight plus one, or 0; DRAIN_SAID, READY_SAID, or 0. */
  saidWeight: 7,
  saidDrain: 8,
  upSince: 10,
  saidAt: 12,
  orcaWeight: 14,
  orcaAt: 16,
  /** When the first of the attempts in a row began that were overtaken; 0: the last one was not. */
  quietSince: 18,
  /** When its circuit breaker lets trials in, on the clock of the table; 0 while that is not known. */
  trialsAt: 20,
} as const
const STANDING_CELLS = 22

export class ServerTable {
  readonly buffer: SharedArrayBuffer
  readonly capacity: number
  /** Milliseconds on a clock that all threads share. */
  readonly now: () => number
  private readonly cells: Int32Array
  private readonly times: Float64Array
  /** This thread, as in DECISION. */
  private readonly thread: number

  /** Makes a table with room for `capacity` servers, or opens the one in `buffer`. `worker`: its number, where that is one. */
  constructor(source: number | SharedArrayBuffer, now: () => number = processMillis, worker?: number) {
    const perSlot = CELLS_PER_SLOT + STANDING_CELLS
    this.buffer = typeof source === 'number' ? new SharedArrayBuffer(4 * (HEADER_CELLS + source * perSlot)) : source
    this.now = now
    this.thread = worker === undefined ? MAIN_THREAD : worker + 1
    this.cells = new Int32Array(this.buffer)
    this.times = new Float64Array(this.buffer)
    this.capacity = (this.cells.length - HEADER_CELLS) / perSlot
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
    if (changed) this.standingChanged(slot, health === UP)
    return changed
  }

  /** Whether new exchanges may go to the server: it is up, and nothing bars it. */
  pickable(slot: number): boolean {
    return this.health(slot) === UP && this.bars(slot) === 0
  }

  /** What bars the server, the bits of BAR. */
  bars(slot: number): number {
    return Atomics.load(this.cells, this.standing(slot) + STANDING.bars)
  }

  /** Bars a server from being picked; false when that bar was there already. */
  bar(slot: number, bar: Bar): boolean {
    const before = Atomics.or(this.cells, this.standing(slot) + STANDING.bars, bar)
    if ((before & bar) !== 0) return false
    this.standingChanged(slot, false)
    return true
  }

  /** Takes one bar away; false when it was not there. */
  unbar(slot: number, bar: Bar): boolean {
    const before = Atomics.and(this.cells, this.standing(slot) + STANDING.bars, ~bar)
    if ((before & bar) === 0) return false
    this.standingChanged(slot, before === bar)
    return true
  }

  /**
   * When the server became pickable last: new, up again, or no longer barred; 0: it was from the start. Milliseconds on
   * the clock of `now`.
   */
  upSince(slot: number): number {
    return this.times[(this.standing(slot) + STANDING.upSince) / 2]!
  }

  /** The server is as good as new: what starts slowly does so now. */
  markUp(slot: number): void {
    this.standingChanged(slot, true)
  }

  /** What the server's own feedback leaves of its weight: 0.05 to 1. */
  weightFactor(slot: number): number {
    return (1000 - Atomics.load(this.cells, this.standing(slot) + STANDING.reduction)) / 1000
  }

  /** Sets that, in thousandths; returns whether it changed. */
  setWeightFactor(slot: number, thousandths: number): boolean {
    const reduction = 1000 - thousandths
    const changed = Atomics.exchange(this.cells, this.standing(slot) + STANDING.reduction, reduction) !== reduction
    if (changed) Atomics.add(this.cells, HEALTH_EPOCH, 1)
    return changed
  }

  /**
   * Runs a decision that must see the standings of several servers at rest, unless another thread is at one: false, and
   * nothing has happened. Nobody waits, so a thread that dies within cannot hold up others for longer than until
   * `abandonDecision`.
   */
  decide(decision: () => void): boolean {
    if (Atomics.compareExchange(this.cells, DECISION, 0, this.thread) !== 0) return false
    try {
      decision()
    } finally {
      Atomics.compareExchange(this.cells, DECISION, this.thread, 0)
    }
    return true
  }

  /** A worker has died, perhaps in the midst of a decision. One that another thread is at goes on. */
  abandonDecision(worker: number): void {
    Atomics.compareExchange(this.cells, DECISION, worker + 1, 0)
  }

  /** Where the standing of a server begins among the cells of the buffer. */
  standing(slot: number): number {
    return HEADER_CELLS + this.capacity * CELLS_PER_SLOT + slot * STANDING_CELLS
  }

  private standingChanged(slot: number, better: boolean): void {
    if (better && this.pickable(slot)) this.times[(this.standing(slot) + STANDING.upSince) / 2] = this.now()
    Atomics.add(this.cells, HEALTH_EPOCH, 1)
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
    const standing = this.standing(slot)
    for (let cell = 0; cell < STANDING_CELLS; cell++) Atomics.store(this.cells, standing + cell, 0)
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
