// An exchange in the queue of an upstream, and a queue of them: a doubly linked list, for a client may leave at any time.
import type { Priority } from '../seams/priority.ts'
import type { PoolExchange, PoolServer } from './pool.ts'
import type { Verdict } from './verdict.ts'

/** Who asks to be let in to an upstream. What follows on waiting comes later, never from within `Gate.enter`. */
export interface Applicant<S extends PoolServer> extends PoolExchange {
  /** The wait is over: it has a place in the upstream and one on this server. */
  admitted(server: S, now: number): void
  /** The wait is over in vain. */
  turnedAway(verdict: Verdict, now: number): void
}

export class Waiting<S extends PoolServer> {
  readonly applicant: Applicant<S>
  readonly priority: Priority
  readonly ticket: number
  /** Milliseconds on the clock of the gate, as the next. */
  readonly since: number
  readonly deadline: number
  next: Waiting<S> | null = null
  previous: Waiting<S> | null = null
  /** It is still in its queue. */
  linked = true

  constructor(applicant: Applicant<S>, priority: Priority, ticket: number, since: number, deadline: number) {
    this.applicant = applicant
    this.priority = priority
    this.ticket = ticket
    this.since = since
    this.deadline = deadline
  }
}

export class WaitingList<S extends PoolServer> {
  first: Waiting<S> | null = null
  last: Waiting<S> | null = null

  append(waiting: Waiting<S>): void {
    waiting.previous = this.last
    if (this.last === null) this.first = waiting
    else this.last.next = waiting
    this.last = waiting
  }

  remove(waiting: Waiting<S>): void {
    const { next, previous } = waiting
    if (previous === null) this.first = next
    else previous.next = next
    if (next === null) this.last = previous
    else next.previous = previous
    waiting.next = null
    waiting.previous = null
    waiting.linked = false
  }
}
