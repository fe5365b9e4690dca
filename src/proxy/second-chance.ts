// The second chances of one exchange: retries, at once or after a wait, and the hedge, a second attempt beside one that
// takes unusually long. Made for an exchange that needs it. The rules are in balance/retry-policy.ts and docs/retries.md.
import { OVER_BUDGET } from '../balance/retries.ts'
import { retryAfterMillis } from '../balance/retry-policy.ts'
import { Timer } from '../base/timer-wheel.ts'
import { findValue } from '../http1/fields.ts'
import type { ResponseHead } from '../http1/response-head.ts'
import { FAILURES, type Failure, type RetryReason } from '../seams/failures.ts'
import { OUTCOME, type Outcome } from '../seams/strategy.ts'
import { COUNTER, type Counter } from '../shared/counters.ts'
import type { Attempt } from './attempt.ts'
import type { Exchange } from './exchange.ts'
import type { Route } from './route.ts'
import type { Runtime } from './runtime.ts'

const REASON_COUNTER: Readonly<Record<RetryReason, Counter>> = {
  connect_failure: COUNTER.retriesConnectFailure,
  reset: COUNTER.retriesReset,
  timeout: COUNTER.retriesTimeout,
  status: COUNTER.retriesStatus,
}

export class SecondChance {
  /** The attempt that runs beside the exchange's own, while two are under way. */
  rival: Attempt | null = null
  private readonly exchange: Exchange
  private readonly runtime: Runtime
  private readonly route: Route
  /** Waits for the next retry, or for the hedge: never for both. */
  private readonly timer = new Timer(this)
  private hedged = false
  private winner: Attempt | null = null
  /** The attempt after which there is a retry to come; null when there is none. */
  private failed: Attempt | null = null
  private reason: RetryReason = 'reset'
  /** Null after a response. */
  private failure: Failure | null = null
  private detail = ''

  constructor(exchange: Exchange, runtime: Runtime, route: Route) {
    this.exchange = exchange
    this.runtime = runtime
    this.route = route
  }

  onTimer(): void {
    if (this.failed === null) this.hedge(performance.now())
    else this.retry(this.failed, performance.now())
  }

  // ── retries ──

  /** An attempt has failed, and its place is given back. Returns whether another one follows, now or later. */
  afterFailure(attempt: Attempt, failure: Failure, detail: string, now: number): boolean {
    if (failure.retry === 'never') return false
    const wait = this.plan(attempt, failure.retry, 0, now)
    if (wait < 0) return false
    this.failure = failure
    this.detail = detail
    this.start(attempt, wait, now)
    return true
  }

  /** A response has come whose status is one to try again after. Returns whether it is not wanted, as another attempt follows. */
  afterStatus(attempt: Attempt, head: ResponseHead, now: number): boolean {
    const asked = retryAfterMillis(findValue(head.fields.forward, 'retry-after'), Date.now())
    const wait = this.plan(attempt, 'status', asked, now)
    if (wait < 0) return false
    this.failure = null
    this.detail = `status ${head.status}`
    attempt.leave(OUTCOME.failed, now)
    this.start(attempt, wait, now)
    return true
  }

  /** Milliseconds until the retry; negative when there is to be none. */
  private plan(attempt: Attempt, reason: RetryReason, asked: number, now: number): number {
    this.reason = reason
    const wait = this.exchange.present().retries.plan(this.exchange, attempt.server.slot, reason, asked, now)
    if (wait === OVER_BUDGET) this.runtime.counters.add(COUNTER.retriesOverBudget)
    return wait
  }

  private start(attempt: Attempt, wait: number, now: number): void {
    this.failed = attempt
    if (wait === 0) return this.retry(attempt, now)
    // What comes of the body meanwhile would have nowhere to go.
    if (!this.exchange.request.done) this.exchange.client.channel.pause()
    this.runtime.fineWheel.set(this.timer, wait, now)
  }

  private retry(attempt: Attempt, now: number): void {
    const { exchange, runtime, reason, detail } = this
    this.failed = null
    const { pool, retries } = exchange.present()
    const server = retries.choose(exchange, attempt.server.slot, reason, now)
    if (server === null) {
      const none = pool.anyUp ? FAILURES.allServersFull : FAILURES.noServer
      exchange.fail(this.failure ?? none, this.failure === null ? `no server is left after ${detail}` : detail)
      return
    }
    exchange.retries++
    runtime.counters.add(COUNTER.retries)
    runtime.counters.add(REASON_COUNTER[reason])
    runtime.log.retrying(exchange, attempt.server, this.failure === null ? 'status' : this.failure.name, detail)
    exchange.tryOn(server, now)
  }

  // ── the hedge ──

  /** An attempt has begun: if it takes unusually long, a second one shall run beside it. */
  awaitHead(now: number): void {
    const wait = this.mayHedge ? this.route.hedgeClock!.wait : 0
    if (wait > 0 && !this.hedged) this.runtime.fineWheel.set(this.timer, wait, now)
  }

  /** Only what can be sent twice as a whole; an upgrade would leave two tunnels. */
  private get mayHedge(): boolean {
    const { exchange } = this
    return this.route.hedgeClock !== null && exchange.request.idempotent && exchange.request.whole && !exchange.upgrades
  }

  private hedge(now: number): void {
    const { exchange, runtime } = this
    const { pool, budget } = exchange.present()
    const { attempt } = exchange
    if (attempt === null || !this.mayHedge || !pool.hasPlace(exchange, now) || !exchange.takePlace()) return
    this.hedged = true
    const within = budget.withdraw(now)
    if (!within) runtime.counters.add(COUNTER.hedgesOverBudget)
    const server = within ? pool.choose(exchange, now) : null
    if (server === null) {
      exchange.givePlaceBack()
      return
    }
    runtime.counters.add(COUNTER.hedges)
    runtime.log.hedging?.(exchange, attempt.server, now - attempt.startedAt)
    this.rival = exchange.connect(server, true, now)
    exchange.forward(this.rival)
  }

  /** The response of this attempt is the one that the client gets: the other attempt, if there is one, is cancelled. */
  won(attempt: Attempt, now: number): void {
    const { rival } = this
    if (this.winner !== null) return
    this.winner = attempt
    this.runtime.fineWheel.remove(this.timer)
    this.record(attempt, now)
    if (attempt.hedge) this.runtime.counters.add(COUNTER.hedgesWon)
    const loser = attempt === rival ? this.exchange.attempt : rival
    this.rival = null
    if (loser === null) return
    this.record(loser, now)
    loser.destroy()
    // A hedge that loses began later, and had less time.
    loser.leave(attempt.hedge ? OUTCOME.overtaken : OUTCOME.cancelled, now)
  }

  /** This attempt has failed, or its response is not wanted. Returns the attempt that goes on in its place, if there is one. */
  other(attempt: Attempt, now: number): Attempt | null {
    const { rival } = this
    this.runtime.fineWheel.remove(this.timer)
    if (rival === null) return null
    this.record(attempt, now)
    this.rival = null
    return attempt === rival ? this.exchange.attempt : rival
  }

  private record(attempt: Attempt, now: number): void {
    if (!attempt.hedge && this.mayHedge) this.route.hedgeClock!.record(now - attempt.startedAt, now)
  }

  // ── the end ──

  /** Closes the connection of the second attempt. */
  destroy(): void {
    this.rival?.destroy()
  }

  /** The exchange is over. */
  end(outcome: Outcome, now: number): void {
    this.runtime.fineWheel.remove(this.timer)
    this.failed = null
    this.rival?.leave(outcome, now)
    this.rival = null
  }
}
