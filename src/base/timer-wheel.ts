// Deadlines for many connections at the price of a few field writes each (Varghese & Lauck, 1987: hashed wheel).
// A timer that is moved later stays where it is and is looked at again when its old time comes; only a timer that is
// moved earlier changes its place. One real timer drives all of them, and none when there is nothing to wait for.

/** A tick of 20 ms is fine enough for time-outs, and costs nothing. */
const TICK_MS = 20
const TICKS = 1024

export class Timer {
  /** Milliseconds on the wheel's clock; 0 when not set. */
  deadline = 0
  tick = -1
  next: Timer | null = null
  previous: Timer | null = null
  private readonly owner: TimerOwner

  constructor(owner: TimerOwner) {
    this.owner = owner
  }

  fire(): void {
    this.owner.onTimer()
  }
}

/** Whoever waits. An object rather than a function, for there are as many as connections. */
export interface TimerOwner {
  onTimer(): void
}

export class TimerWheel {
  private readonly ticks: (Timer | null)[] = new Array<Timer | null>(TICKS).fill(null)
  private readonly clock: () => number
  private readonly start: number
  private readonly tickMillis: number
  private doneTick = 0
  private count = 0
  private interval: NodeJS.Timeout | null = null

  constructor(clock: () => number = () => performance.now(), tickMillis: number = TICK_MS) {
    this.clock = clock
    this.tickMillis = tickMillis
    this.start = clock()
  }

  /** Fires `timer` `millis` from `now` on, at most two ticks late; 0 means never. */
  set(timer: Timer, millis: number, now: number): void {
    if (millis === 0) {
      timer.deadline = 0
      return
    }
    timer.deadline = now + millis
    if (timer.tick < 0) this.link(timer)
    else if (this.tickOf(timer.deadline) < timer.tick) {
      this.unlink(timer)
      this.link(timer)
    }
  }

  /** Takes a timer out for good, so that nothing refers to its owner any more. */
  remove(timer: Timer): void {
    timer.deadline = 0
    if (timer.tick >= 0) this.unlink(timer)
  }

  stop(): void {
    if (this.interval !== null) clearInterval(this.interval)
    this.interval = null
  }

  /** Fires everything that is due. Driven by the wheel's own interval; tests with a clock of their own call it. */
  advance(): void {
    const now = this.clock()
    const nowTick = Math.floor((now - this.start) / this.tickMillis)
    // After a long pause of the process one round over the wheel meets every timer.
    if (nowTick - this.doneTick > TICKS) this.doneTick = nowTick - TICKS
    while (this.doneTick < nowTick) {
      this.doneTick++
      for (const timer of this.takeDue()) {
        // An earlier one in this round may have moved or removed it.
        if (timer.tick >= 0 || timer.deadline === 0) continue
        if (timer.deadline > now) this.link(timer)
        else {
          timer.deadline = 0
          timer.fire()
        }
      }
    }
    if (this.count === 0) this.stop()
  }

  private takeDue(): Timer[] {
    const due: Timer[] = []
    let timer: Timer | null = this.ticks[this.doneTick % TICKS] ?? null
    while (timer !== null) {
      const next: Timer | null = timer.next
      if (timer.tick <= this.doneTick) {
        this.unlink(timer)
        due.push(timer)
      }
      timer = next
    }
    return due
  }

  private tickOf(deadline: number): number {
    return Math.max(Math.ceil((deadline - this.start) / this.tickMillis), this.doneTick + 1)
  }

  private link(timer: Timer): void {
    if (this.interval === null) {
      this.doneTick = Math.max(this.doneTick, Math.floor((this.clock() - this.start) / this.tickMillis) - 1)
      this.interval = setInterval(() => this.advance(), this.tickMillis)
      this.interval.unref()
    }
    timer.tick = this.tickOf(timer.deadline)
    const slot = timer.tick % TICKS
    const head = this.ticks[slot] ?? null
    timer.next = head
    timer.previous = null
    if (head !== null) head.previous = timer
    this.ticks[slot] = timer
    this.count++
  }

  private unlink(timer: Timer): void {
    if (timer.previous !== null) timer.previous.next = timer.next
    else this.ticks[timer.tick % TICKS] = timer.next
    if (timer.next !== null) timer.next.previous = timer.previous
    timer.next = null
    timer.previous = null
    timer.tick = -1
    this.count--
  }
}
