// Everything that is only ever counted. Each worker owns one block, and each cell has one writer, so a plain add is enough;
// readers sum over the blocks. Cells are doubles: exact up to 2^53, and written whole on 64-bit machines.
import { BUCKETS, bucketOf } from './histogram.ts'

/** Counters of a worker as a whole; the number is the cell. */
export const COUNTER = {
  requests: 0,
  failed: 1,
  exchangesActive: 2,
  clientConnections: 3,
  clientConnectionsActive: 4,
  tunnels: 5,
  tunnelsActive: 6,
  requestBytes: 7,
  responseBytes: 8,
  retries: 9,
  retriesOverBudget: 10,
  logLinesDropped: 11,
  retriesConnectFailure: 20,
  retriesReset: 21,
  retriesTimeout: 22,
  retriesStatus: 23,
  hedges: 24,
  hedgesWon: 25,
  hedgesOverBudget: 26,
} as const
export type Counter = (typeof COUNTER)[keyof typeof COUNTER]

/** Counters of one server in one worker. */
export const SERVER_COUNTER = {
  picked: 0,
  failed: 1,
  connections: 2,
  connectionsActive: 3,
  connectionsIdle: 4,
  durationSum: 5,
  /** Attempts that ended well, and that failed by fault of the server, its error statuses included. */
  attemptsOk: 6,
  attemptsFailed: 7,
} as const
export type ServerCounter = (typeof SERVER_COUNTER)[keyof typeof SERVER_COUNTER]

/** What the main thread, and nobody else, notes about a worker in the worker's block. */
export const WORKER_STATE = {
  /** 1: accepts connections. */
  up: 29,
  restarts: 30,
  /** 1: died too often and is not started again. */
  failed: 31,
} as const
export type WorkerState = (typeof WORKER_STATE)[keyof typeof WORKER_STATE]

/** Counted up by the worker once a second. */
const BEATS = 28

const WORKER_GAUGES = [COUNTER.exchangesActive, COUNTER.clientConnectionsActive, COUNTER.tunnelsActive]
const SERVER_GAUGES = [SERVER_COUNTER.connectionsActive, SERVER_COUNTER.connectionsIdle]

const WORKER_CELLS = 32
const FAILURE_CELLS = 64
const STATUS_CELLS = 500
const STATUS_BASE = 8
const HISTOGRAM_BASE = STATUS_BASE + STATUS_CELLS
const HEAD_TIMES_BASE = HISTOGRAM_BASE + BUCKETS
const SERVER_CELLS = HEAD_TIMES_BASE + BUCKETS
const SERVERS_BASE = WORKER_CELLS + FAILURE_CELLS + STATUS_CELLS

export class Counters {
  readonly buffer: SharedArrayBuffer
  private readonly cells: Float64Array

  /** Makes the block of one worker with room for `capacity` servers, or opens the one in `buffer`. */
  constructor(source: number | SharedArrayBuffer) {
    this.buffer =
      typeof source === 'number' ? new SharedArrayBuffer(8 * (SERVERS_BASE + source * SERVER_CELLS)) : source
    this.cells = new Float64Array(this.buffer)
  }

  add(counter: Counter, by = 1): void {
    this.cells[counter]! += by
  }

  get(counter: Counter): number {
    return this.cells[counter]!
  }

  /** A sign of life. */
  beat(): void {
    this.cells[BEATS]!++
  }

  get beats(): number {
    return this.cells[BEATS]!
  }

  state(state: WorkerState): number {
    return this.cells[state]!
  }

  setState(state: WorkerState, value: number): void {
    this.cells[state] = value
  }

  /** `kind` is the number of a row in the failure table, 0 to 63. */
  addFailure(kind: number): void {
    this.cells[WORKER_CELLS + kind]!++
  }

  failures(kind: number): number {
    return this.cells[WORKER_CELLS + kind]!
  }

  /** An answer of our own, which no server gave. */
  addOwnStatus(status: number): void {
    this.cells[WORKER_CELLS + FAILURE_CELLS + status - 100]!++
  }

  ownStatus(status: number): number {
    return this.cells[WORKER_CELLS + FAILURE_CELLS + status - 100]!
  }

  addForServer(slot: number, counter: ServerCounter, by = 1): void {
    this.cells[SERVERS_BASE + slot * SERVER_CELLS + counter]! += by
  }

  forServer(slot: number, counter: ServerCounter): number {
    return this.cells[SERVERS_BASE + slot * SERVER_CELLS + counter]!
  }

  /** Counts an exchange that this server answered: `status` 100 to 599, duration in microseconds. */
  addExchange(slot: number, status: number, micros: number): void {
    const base = SERVERS_BASE + slot * SERVER_CELLS
    this.cells[base + STATUS_BASE + status - 100]!++
    this.cells[base + SERVER_COUNTER.durationSum]! += micros
    this.cells[base + HISTOGRAM_BASE + bucketOf(micros)]!++
  }

  /** Counts how long the head of a response took, in microseconds; only where something asks for it. */
  addHeadTime(slot: number, micros: number): void {
    this.cells[SERVERS_BASE + slot * SERVER_CELLS + HEAD_TIMES_BASE + bucketOf(micros)]!++
  }

  /** The buckets of those times: a live view, `BUCKETS` cells long. */
  headTimes(slot: number): Float64Array {
    const base = SERVERS_BASE + slot * SERVER_CELLS + HEAD_TIMES_BASE
    return this.cells.subarray(base, base + BUCKETS)
  }

  status(slot: number, status: number): number {
    return this.cells[SERVERS_BASE + slot * SERVER_CELLS + STATUS_BASE + status - 100]!
  }

  /** The answers of a server by status: a live view from status 100 to 599. */
  statuses(slot: number): Float64Array {
    const base = SERVERS_BASE + slot * SERVER_CELLS + STATUS_BASE
    return this.cells.subarray(base, base + STATUS_CELLS)
  }

  /** Our own answers by status: a live view from status 100 to 599. */
  ownStatuses(): Float64Array {
    return this.cells.subarray(WORKER_CELLS + FAILURE_CELLS, SERVERS_BASE)
  }

  /** The duration buckets of a server: a live view, `BUCKETS` cells long. */
  durations(slot: number): Float64Array {
    const base = SERVERS_BASE + slot * SERVER_CELLS + HISTOGRAM_BASE
    return this.cells.subarray(base, base + BUCKETS)
  }

  /** Takes back what a worker that died had open. */
  clearGauges(): void {
    for (const gauge of WORKER_GAUGES) this.cells[gauge] = 0
    for (let base = SERVERS_BASE; base < this.cells.length; base += SERVER_CELLS) {
      for (const gauge of SERVER_GAUGES) {
        // Most slots were never used; writing there would make memory of them.
        if (this.cells[base + gauge] !== 0) this.cells[base + gauge] = 0
      }
    }
  }

  /** Makes a slot ready for a new server. */
  resetServer(slot: number): void {
    this.cells.fill(0, SERVERS_BASE + slot * SERVER_CELLS, SERVERS_BASE + (slot + 1) * SERVER_CELLS)
  }
}
