// The clock of a simulation and all that is still to happen: time goes from event to event. A 4-ary heap on typed
// arrays, so that tens of millions of events allocate nothing; what is due at the same time happens in the order in which
// it was planned, so that a seed repeats a run to the letter.

const FIRST_CAPACITY = 1024
/** The lowest bits of an event say what kind it is, the others which record it is about. */
const KIND_BITS = 3
const KIND_MASK = (1 << KIND_BITS) - 1

export class VirtualClock {
  /** Milliseconds since the simulation began. */
  now = 0
  /** Of the event that `next` went to. */
  kind = 0
  record = 0
  private size = 0
  private planned = 0
  private stopped = false
  private times = new Float64Array(FIRST_CAPACITY)
  private orders = new Float64Array(FIRST_CAPACITY)
  private events = new Int32Array(FIRST_CAPACITY)
  /** What `after` was given, by record; null where it was called off or a place is free. */
  private readonly calls: (((this: void) => void) | null)[] = []
  private readonly freeCalls: number[] = []

  /** Plans an event of `kind`, 1 to 7, about the record of this number. */
  plan(time: number, kind: number, record: number): void {
    if (this.size === this.times.length) this.grow()
    const { times, orders, events } = this
    const event = (record << KIND_BITS) | kind
    const order = this.planned++
    let at = this.size++
    while (at > 0) {
      const parent = (at - 1) >> 2
      // A later event never goes before one of the same time.
      if (times[parent]! <= time) break
      times[at] = times[parent]!
      orders[at] = orders[parent]!
      events[at] = events[parent]!
      at = parent
    }
    times[at] = time
    orders[at] = order
    events[at] = event
  }

  /** Calls `run` in so many milliseconds: for what happens rarely. Returns a number for `callOff`. */
  after(millis: number, run: () => void): number {
    const record = this.freeCalls.pop() ?? this.calls.length
    this.calls[record] = run
    this.plan(this.now + millis, 0, record)
    return record
  }

  callOff(record: number): void {
    this.calls[record] = null
  }

  /** Time ends here: `next` finds nothing any more. */
  stop(): void {
    this.stopped = true
  }

  /** Goes to the next event that is not a call, making the calls on the way; false when nothing is left. */
  next(): boolean {
    while (this.size > 0 && !this.stopped) {
      this.take()
      if (this.kind !== 0) return true
      const call = this.calls[this.record]!
      this.calls[this.record] = null
      this.freeCalls.push(this.record)
      if (call !== null) call()
    }
    return false
  }

  private take(): void {
    const { times, orders, events } = this
    this.now = times[0]!
    this.kind = events[0]! & KIND_MASK
    this.record = events[0]! >> KIND_BITS
    const last = --this.size
    const time = times[last]!
    const order = orders[last]!
    let at = 0
    for (;;) {
      let least = at * 4 + 1
      if (least >= last) break
      const end = Math.min(least + 4, last)
      for (let child = least + 1; child < end; child++) {
        if (times[child]! < times[least]! || (times[child] === times[least] && orders[child]! < orders[least]!)) {
          least = child
        }
      }
      if (times[least]! > time || (times[least] === time && orders[least]! > order)) break
      times[at] = times[least]!
      orders[at] = orders[least]!
      events[at] = events[least]!
      at = least
    }
    times[at] = time
    orders[at] = order
    events[at] = events[last]!
  }

  private grow(): void {
    const { times, orders, events } = this
    this.times = new Float64Array(times.length * 2)
    this.orders = new Float64Array(times.length * 2)
    this.events = new Int32Array(times.length * 2)
    this.times.set(times)
    this.orders.set(orders)
    this.events.set(events)
  }
}
