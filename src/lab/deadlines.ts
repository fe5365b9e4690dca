// One time-out for many: all of them wait equally long, so they end in the order in which they began, and a list with
// one event for its first member does what would take an event for each.
import type { VirtualClock } from './virtual-clock.ts'

/** What can be in one such list at a time. The fields belong to the list. */
export interface Waiting {
  deadline: number
  before: Waiting | null
  behind: Waiting | null
}

export class Deadlines<T extends Waiting> {
  private readonly clock: VirtualClock
  private readonly millis: number
  private readonly onDeadline: (waiting: T) => void
  private first: T | null = null
  private last: T | null = null
  private planned = false

  /** `millis` 0: no time-out. */
  constructor(clock: VirtualClock, millis: number, onDeadline: (waiting: T) => void) {
    this.clock = clock
    this.millis = millis
    this.onDeadline = onDeadline
  }

  add(waiting: T): void {
    if (this.millis === 0) return
    waiting.deadline = this.clock.now + this.millis
    waiting.before = this.last
    if (this.last === null) this.first = waiting
    else this.last.behind = waiting
    this.last = waiting
    if (!this.planned) this.planNext()
  }

  /** Takes it out if it is in. */
  remove(waiting: T): void {
    if (waiting.deadline === 0) return
    const before = waiting.before as T | null
    const behind = waiting.behind as T | null
    if (before === null) this.first = behind
    else before.behind = behind
    if (behind === null) this.last = before
    else behind.before = before
    waiting.deadline = 0
    waiting.before = null
    waiting.behind = null
  }

  private planNext(): void {
    if (this.first === null) return
    this.planned = true
    this.clock.after(this.first.deadline - this.clock.now, () => {
      this.planned = false
      while (this.first !== null && this.first.deadline <= this.clock.now) {
        const due = this.first
        this.remove(due)
        this.onDeadline(due)
      }
      this.planNext()
    })
  }
}
