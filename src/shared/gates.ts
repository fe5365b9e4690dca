// How many exchanges each upstream has under way and how many wait for a place, over all workers; and which worker has the
// one that is next. A worker writes its own rows; what is summed over all workers is written with Atomics.
//
// Nobody asks again and again whether a place is free: who gives one back wakes the worker with the first one in the
// queue, if there is a queue. That none is overlooked rests on the order of two steps. Who gives back: counts down, then looks
// whether anybody waits. Who waits: says so, then looks whether a place is free. One of the two sees the other.

/** No limit. */
export const UNLIMITED = 0x7fffffff

/** The classes of the queue. */
const CLASSES = 3

/** Cells of a cache line, so that workers and upstreams do not get in each other's way. */
const LINE = 16

// The row of an upstream.
const ACTIVE = 0
const LIMIT = 1
const WAITING = 2
const TICKETS = 3

// The row of an upstream in one worker.
const HELD = 0
const FINISHED = 1
const HELD_WAITING = 2
/** The ticket of the first one that waits here, by class; 0: none. */
const FIRST = HELD_WAITING + CLASSES

export class Gates {
  readonly buffer: SharedArrayBuffer
  /** Upstreams. */
  readonly capacity: number
  readonly workers: number
  private readonly cells: Int32Array

  /** Makes the gates of `capacity` upstreams and so many workers, or opens those in `buffer`. */
  constructor(source: { capacity: number; workers: number } | SharedArrayBuffer) {
    if (source instanceof SharedArrayBuffer) {
      this.buffer = source
      this.cells = new Int32Array(source)
    } else {
      const { capacity, workers } = source
      const lines = 1 + workers + capacity * (1 + workers)
      this.buffer = new SharedArrayBuffer(4 * LINE * lines)
      this.cells = new Int32Array(this.buffer)
      this.cells.set([capacity, workers])
      for (let upstream = 0; upstream < capacity; upstream++) this.cells[this.row(upstream) + LIMIT] = UNLIMITED
    }
    this.capacity = this.cells[0]!
    this.workers = this.cells[1]!
  }

  /** The gate of an upstream as one worker uses it. */
  gate(upstream: number, worker: number): SharedGate {
    return new SharedGate(this, this.cells, this.row(upstream), this.row(upstream, 1 + worker), worker)
  }

  active(upstream: number): number {
    return Atomics.load(this.cells, this.row(upstream) + ACTIVE)
  }

  /** `UNLIMITED` when there is none. */
  limit(upstream: number): number {
    return Atomics.load(this.cells, this.row(upstream) + LIMIT)
  }

  setLimit(upstream: number, limit: number): void {
    const before = Atomics.exchange(this.cells, this.row(upstream) + LIMIT, limit)
    if (limit > before) this.wakeFirst(this.row(upstream))
  }

  /** How many of a class wait, over all workers. */
  waiting(upstream: number, priority: number): number {
    let sum = 0
    for (let worker = 0; worker < this.workers; worker++) {
      sum += Atomics.load(this.cells, this.row(upstream, 1 + worker) + HELD_WAITING + priority)
    }
    return sum
  }

  /** Something has changed that may let waiting exchanges go on: a server is up again, a worker is gone. */
  wakeAll(): void {
    for (let upstream = 0; upstream < this.capacity; upstream++) this.wakeFirst(this.row(upstream))
  }

  /** Counts out everything that a worker that died had under way or waiting. */
  giveBack(worker: number): void {
    const { cells } = this
    for (let upstream = 0; upstream < this.capacity; upstream++) {
      const all = this.row(upstream)
      const own = this.row(upstream, 1 + worker)
      let waiting = 0
      for (let priority = 0; priority < CLASSES; priority++) {
        waiting += cells[own + HELD_WAITING + priority]!
        Atomics.store(cells, own + FIRST + priority, 0)
        Atomics.store(cells, own + HELD_WAITING + priority, 0)
      }
      if (waiting !== 0) Atomics.sub(cells, all + WAITING, waiting)
      if (cells[own + HELD] !== 0) Atomics.sub(cells, all + ACTIVE, cells[own + HELD]!)
      cells[own + HELD] = 0
    }
    this.wakeAll()
  }

  wake(worker: number): void {
    const cell = signal(worker)
    Atomics.add(this.cells, cell, 1)
    Atomics.notify(this.cells, cell)
  }

  /** Calls back in this thread, from now on, whenever the worker was woken; several times may become one. */
  onWake(worker: number, woken: () => void): void {
    const { cells } = this
    const cell = signal(worker)
    let seen = Atomics.load(cells, cell)
    const arm = (): void => {
      for (;;) {
        const { async, value } = Atomics.waitAsync(cells, cell, seen)
        if (async) {
          void value.then(look)
          return
        }
        seen = Atomics.load(cells, cell)
        woken()
      }
    }
    const look = (): void => {
      seen = Atomics.load(cells, cell)
      woken()
      arm()
    }
    arm()
  }

  private wakeFirst(row: number): void {
    if (Atomics.load(this.cells, row + WAITING) === 0) return
    const first = firstInQueue(this.cells, row, this.workers)
    if (first !== NOBODY) this.wake(workerOf(first))
  }

  /** Where an upstream's own row begins, and behind it those of the workers. */
  private row(upstream: number, part = 0): number {
    const { cells } = this
    return LINE * (1 + cells[1]! + upstream * (1 + cells[1]!) + part)
  }
}

export class SharedGate {
  readonly worker: number
  private readonly gates: Gates
  private readonly cells: Int32Array
  private readonly all: number
  private readonly own: number

  constructor(gates: Gates, cells: Int32Array, all: number, own: number, worker: number) {
    this.gates = gates
    this.cells = cells
    this.all = all
    this.own = own
    this.worker = worker
  }

  get active(): number {
    return Atomics.load(this.cells, this.all + ACTIVE)
  }

  get limit(): number {
    return Atomics.load(this.cells, this.all + LIMIT)
  }

  /** How many wait, over all classes and workers. */
  get waiting(): number {
    return Atomics.load(this.cells, this.all + WAITING)
  }

  /** Counts an exchange in while there are fewer than `most`. All workers together never pass it. */
  enter(most: number): boolean {
    const { cells } = this
    const cell = this.all + ACTIVE
    let before = Atomics.load(cells, cell)
    while (before < most) {
      const seen = Atomics.compareExchange(cells, cell, before, before + 1)
      if (seen === before) {
        // As in `InFlight`: nothing between the two at which a thread can be ended.
        cells[this.own + HELD]!++
        return true
      }
      before = seen
    }
    return false
  }

  /** Counts an exchange out that was counted in here. */
  exit(): void {
    const { cells, own } = this
    Atomics.sub(cells, this.all + ACTIVE, 1)
    cells[own + HELD]!--
  }

  /** Notes that an exchange is over, for `finished`. */
  addFinished(): void {
    this.cells[this.own + FINISHED]!++
  }

  /** Exchanges that are over, of all workers; it may wrap, only differences count. */
  finished(): number {
    const { cells, all } = this
    let sum = 0
    for (let worker = 1; worker <= this.gates.workers; worker++) sum += cells[all + worker * LINE + FINISHED]!
    return sum | 0
  }

  /** Counts a waiting one in while there are fewer than `most`; returns its ticket, or 0 when there is no room. */
  join(priority: number, most: number): number {
    const { cells } = this
    const cell = this.all + WAITING
    let before = Atomics.load(cells, cell)
    for (;;) {
      if (before >= most) return 0
      const seen = Atomics.compareExchange(cells, cell, before, before + 1)
      if (seen === before) {
        cells[this.own + HELD_WAITING + priority]!++
        return this.ticket()
      }
      before = seen
    }
  }

  /** One that waits here leaves, and one of another class comes in its stead; returns that one's ticket. */
  swap(leaves: number, comes: number): number {
    const { cells, own } = this
    cells[own + HELD_WAITING + leaves]!--
    cells[own + HELD_WAITING + comes]!++
    return this.ticket()
  }

  private ticket(): number {
    let ticket = 0
    while (ticket === 0) ticket = (Atomics.add(this.cells, this.all + TICKETS, 1) + 1) | 0
    return ticket
  }

  /** Counts a waiting one out. */
  quit(priority: number): void {
    const { cells, own } = this
    Atomics.sub(cells, this.all + WAITING, 1)
    cells[own + HELD_WAITING + priority]!--
  }

  /** Says which ticket is the first of its class in this worker; 0: none. */
  setFirst(priority: number, ticket: number): void {
    Atomics.store(this.cells, this.own + FIRST + priority, ticket)
  }

  /** Who is next over all workers, for the two functions below; NOBODY when no one waits. */
  first(): number {
    return firstInQueue(this.cells, this.all, this.gates.workers)
  }

  wake(worker: number): void {
    this.gates.wake(worker)
  }
}

export const NOBODY = -1

export function workerOf(first: number): number {
  return first >> 2
}

export function priorityOf(first: number): number {
  return first & 3
}

/** The oldest ticket of the highest class. Tickets wrap, so it is their difference that tells which is older. */
function firstInQueue(cells: Int32Array, row: number, workers: number): number {
  for (let priority = 0; priority < CLASSES; priority++) {
    let oldest = 0
    let found = NOBODY
    for (let worker = 0; worker < workers; worker++) {
      const ticket = Atomics.load(cells, row + (1 + worker) * LINE + FIRST + priority)
      if (ticket === 0 || (found !== NOBODY && ((ticket - oldest) | 0) > 0)) continue
      oldest = ticket
      found = worker * 4 + priority
    }
    if (found !== NOBODY) return found
  }
  return NOBODY
}

function signal(worker: number): number {
  return LINE * (1 + worker)
}
