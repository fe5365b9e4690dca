// Who is let in to an upstream that has a limit or a queue: at once, after waiting for a place, or not at all. The counts are
// shared by all workers (shared/gates.ts); each worker has a gate of its own, with the exchanges that wait there.
//
// Whoever comes while others wait goes behind them. A place that is given back goes to the first of the highest class over all
// workers: whoever gives it back wakes the worker that has that one (`serve`), and that worker, when it has let it in, passes
// the word on if there are more places. A wake-up is only a hint to look, so one too many does no harm; none may be
// missing: each change that may let someone in is followed by `serve`, here or in the worker of the first in the queue.
import type { UpstreamPlan } from '../plan/plan.ts'
import { PRIORITIES, type Priority } from '../seams/priority.ts'
import { OUTCOME, type Outcome } from '../seams/strategy.ts'
import { NOBODY, priorityOf, type SharedGate, UNLIMITED, workerOf } from '../shared/gates.ts'
import { DrainRate } from './drain-rate.ts'
import type { Pool, PoolListener, PoolServer } from './pool.ts'
import { VERDICT, type Verdict } from './verdict.ts'
import { type Applicant, Waiting, WaitingList } from './waiting.ts'

export interface GateTools<S extends PoolServer> {
  readonly shared: SharedGate
  /** Calls `gate.serve` soon, but not from within this call. */
  readonly defer: (gate: Gate<S>) => void
  /** An exchange has waited so long, in milliseconds, and is let in. */
  readonly queued: (millis: number) => void
  /** A server took so long to answer, in milliseconds; null when nobody wants to know. */
  readonly latency: ((millis: number) => void) | null
}

export class Gate<S extends PoolServer> implements PoolListener {
  /** The server for the exchange that has entered just now. */
  server: S | null = null
  /** The one that was put into the queue just now. */
  waiting: Waiting<S> | null = null
  private readonly tools: GateTools<S>
  private readonly shared: SharedGate
  private readonly lists: readonly WaitingList<S>[] = PRIORITIES.map(() => new WaitingList<S>())
  /** Those that gave way and are not told yet: they may come again at once, which must not happen within `enter`. */
  private readonly displaced = new Set<Waiting<S>>()
  private readonly drain = new DrainRate()
  private plan: UpstreamPlan
  private pool: Pool<S>
  private deferred = false

  constructor(plan: UpstreamPlan, pool: Pool<S>, tools: GateTools<S>) {
    this.tools = tools
    this.shared = tools.shared
    this.plan = plan
    this.pool = pool
    pool.listener = this
  }

  /** Goes over to a new plan for the same upstream; those that wait go on waiting. */
  update(plan: UpstreamPlan, pool: Pool<S>): void {
    this.plan = plan
    this.pool = pool
    pool.listener = this
    this.freed()
  }

  /** Asks for a place. `now` in milliseconds, here and below, on one monotonic clock. */
  enter(applicant: Applicant<S>, priority: Priority, now: number): Verdict {
    const { shared } = this
    let verdict: Verdict = VERDICT.queueFull
    if (shared.waiting === 0) {
      verdict = this.tryEnter(applicant, priority, now)
      if (verdict === VERDICT.entered || verdict === VERDICT.noServer) return verdict
      // The place in the upstream was taken for a moment, in which another worker may have found none.
      if (shared.waiting > 0) this.soon()
    }
    const { length } = this.plan.queue
    return length === 0 ? verdict : this.queue(applicant, priority, length, now)
  }

  /** Takes a second place for an exchange that has one, but not before those that wait. */
  enterAgain(): boolean {
    return this.shared.waiting === 0 && this.shared.enter(this.shared.limit)
  }

  /** Gives back a place that `enterAgain` took and that was of no use. */
  exitUnused(): void {
    this.shared.exit()
    this.freed()
  }

  /** A place is given back. That on the server was given back before. */
  exit(): void {
    this.shared.addFinished()
    this.exitUnused()
  }

  /** An exchange does not want to wait any longer. */
  leave(waiting: Waiting<S>): void {
    this.displaced.delete(waiting)
    if (!waiting.linked) return
    this.remove(waiting)
    this.freed()
  }

  /** A place on a server may be free. */
  freed(): void {
    if (this.shared.waiting > 0) this.soon()
  }

  /** Called by the pool: an attempt has ended. */
  ended(outcome: Outcome, headMillis: number): void {
    this.freed()
    if (this.tools.latency !== null && outcome === OUTCOME.ok) this.tools.latency(headMillis)
  }

  /** Lets in whoever is next and finds a place, as long as that is one of this worker; else tells the worker whose turn it is. */
  serve(now: number): void {
    const { shared } = this
    this.deferred = false
    for (const waiting of this.displaced) {
      this.displaced.delete(waiting)
      waiting.applicant.turnedAway(VERDICT.shed, now)
    }
    for (let first = shared.first(); first !== NOBODY; first = shared.first()) {
      if (workerOf(first) !== shared.worker) {
        if (shared.active < this.most(priorityOf(first) as Priority)) shared.wake(workerOf(first))
        return
      }
      const waiting = this.lists[priorityOf(first)]!.first
      if (waiting === null) return
      const { applicant } = waiting
      const verdict = this.tryEnter(applicant, waiting.priority, now)
      if (verdict === VERDICT.entered) {
        this.remove(waiting)
        this.tools.queued(now - waiting.since)
        applicant.admitted(this.server!, now)
      } else if (verdict === VERDICT.noServer) {
        this.remove(waiting)
        applicant.turnedAway(verdict, now)
      } else {
        // One of a higher class may have come in another worker and found the place taken that was just tried.
        const other = shared.first()
        if (other !== NOBODY && workerOf(other) !== shared.worker) shared.wake(workerOf(other))
        return
      }
    }
  }

  /** Turns those away that have waited too long. */
  expire(now: number): void {
    for (const list of this.lists) {
      for (let { first } = list; first !== null && first.deadline <= now; first = list.first) {
        this.remove(first)
        first.applicant.turnedAway(VERDICT.timedOut, now)
      }
    }
    this.freed()
  }

  /** When `expire` has something to do: the same clock; Infinity when nobody waits here. */
  get deadline(): number {
    let deadline = Number.POSITIVE_INFINITY
    for (const { first } of this.lists) if (first !== null && first.deadline < deadline) deadline = first.deadline
    return deadline
  }

  /** For those that are turned away: whole seconds after which there may be a place. */
  retryAfter(now: number): number {
    return this.drain.seconds(now, this.shared.finished(), this.shared.waiting)
  }

  /** For people: what there is of places and in the queue. */
  get state(): string {
    const { active, limit, waiting } = this.shared
    return `${active}${limit === UNLIMITED ? '' : ` of ${limit}`} under way, ${waiting} waiting`
  }

  private tryEnter(applicant: Applicant<S>, priority: Priority, now: number): Verdict {
    const { shared } = this
    if (!shared.enter(this.most(priority))) {
      return shared.active < shared.limit ? VERDICT.shed : VERDICT.upstreamFull
    }
    this.server = this.pool.choose(applicant, now)
    if (this.server !== null) return VERDICT.entered
    shared.exit()
    return this.pool.anyUp ? VERDICT.serversFull : VERDICT.noServer
  }

  /** How many exchanges may be under way for one of this priority to be let in. */
  private most(priority: Priority): number {
    return Math.ceil(this.shared.limit * this.plan.shares[priority]!)
  }

  private queue(applicant: Applicant<S>, priority: Priority, length: number, now: number): Verdict {
    const { shared } = this
    let ticket = shared.join(priority, Math.ceil(length * this.plan.shares[priority]!))
    if (ticket === 0) ticket = this.displace(priority)
    if (ticket === 0) return shared.waiting < length ? VERDICT.shed : VERDICT.queueFull
    const waiting = new Waiting(applicant, priority, ticket, now, now + this.plan.queue.timeout)
    const list = this.lists[priority]!
    list.append(waiting)
    if (list.first === waiting) shared.setFirst(priority, ticket)
    this.waiting = waiting
    // A place may have become free before this one was to be seen in the queue.
    this.soon()
    return VERDICT.waits
  }

  /**
   * The youngest of the lowest class below `priority` that waits here gives its place in the queue up: to nobody else, for
   * the number of those that wait does not change. Returns the ticket of the one that comes, or 0.
   */
  private displace(priority: Priority): number {
    for (let lower = this.lists.length - 1; lower > priority; lower--) {
      const { last } = this.lists[lower]!
      if (last === null) continue
      this.unlink(last)
      this.displaced.add(last)
      return this.shared.swap(lower, priority)
    }
    return 0
  }

  private remove(waiting: Waiting<S>): void {
    this.unlink(waiting)
    this.shared.quit(waiting.priority)
  }

  private unlink(waiting: Waiting<S>): void {
    const { priority } = waiting
    const list = this.lists[priority]!
    const wasFirst = list.first === waiting
    list.remove(waiting)
    if (wasFirst) this.shared.setFirst(priority, list.first === null ? 0 : list.first.ticket)
  }

  private soon(): void {
    if (this.deferred) return
    this.deferred = true
    this.tools.defer(this)
  }
}
