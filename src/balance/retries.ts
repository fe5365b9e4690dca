// The retries of one upstream in one thread: its rules, its budget, and whether a server is left, asked in this order. No
// sockets here: the proxy asks for real exchanges, the laboratory for simulated ones.
import type { UpstreamPlan } from '../plan/plan.ts'
import type { RetryReason } from '../seams/failures.ts'
import { NONE } from '../seams/strategy.ts'
import type { Pool, PoolExchange, PoolServer } from './pool.ts'
import type { RetryBudget } from './retry-budget.ts'
import { RetryPolicy, type SentRequest } from './retry-policy.ts'

/** What `Retries.plan` answers when there is to be none. */
const NO_RETRY = -1
/** The same, for no other reason than the budget. */
export const OVER_BUDGET = -2

/** What the retries ask about an exchange. */
export interface RetriedExchange extends PoolExchange {
  readonly request: SentRequest
  /** So far. */
  readonly retries: number
  /** Milliseconds on the clock of `now`. */
  readonly startedAt: number
  /** Lets the servers that were tried be picked again, but for the one in this slot. */
  forgetTried(slot: number): void
}

export class Retries<S extends PoolServer> {
  readonly policy: RetryPolicy
  private readonly pool: Pool<S>
  private readonly budget: RetryBudget
  private readonly random: () => number
  /** Milliseconds for the whole exchange; 0: any time. */
  private readonly limit: number

  constructor({ retries, timeouts }: UpstreamPlan, pool: Pool<S>, budget: RetryBudget, random: () => number) {
    this.policy = new RetryPolicy(retries)
    this.pool = pool
    this.budget = budget
    this.random = random
    this.limit = timeouts.exchange
  }

  /**
   * Milliseconds until the retry after an attempt that failed on the server in `slot`, taken out of the budget; NO_RETRY or
   * OVER_BUDGET when there is none. `asked`: milliseconds for which the server wants to be left alone.
   */
  plan(exchange: RetriedExchange, slot: number, reason: RetryReason, asked: number, now: number): number {
    const { policy } = this
    if (!policy.allows(reason, exchange.request, exchange.retries) || !policy.accepts(asked)) return NO_RETRY
    const wait = asked + policy.wait(reason, exchange.retries, this.random())
    // What would only end in a time-out is not begun.
    if (this.limit > 0 && now + wait >= exchange.startedAt + this.limit) return NO_RETRY
    if (!this.serverLeft(exchange, slot, reason, now)) return NO_RETRY
    return this.budget.withdraw(now) ? wait : OVER_BUDGET
  }

  /** The server for a retry that was planned and is due, as `Pool.choose`. */
  choose(exchange: RetriedExchange, slot: number, reason: RetryReason, now: number): S | null {
    return this.serverLeft(exchange, slot, reason, now) ? this.pool.choose(exchange, now) : null
  }

  /** Whether a server can be had: one that was not tried, else any but the last one, else that again. */
  private serverLeft(exchange: RetriedExchange, slot: number, reason: RetryReason, now: number): boolean {
    const { pool } = this
    if (pool.hasPlace(exchange, now)) return true
    // One that closed a connection or answered may well answer a second time; one out of reach will not.
    if (reason === 'connect_failure') return false
    exchange.forgetTried(slot)
    if (pool.hasPlace(exchange, now)) return true
    exchange.forgetTried(NONE)
    return pool.hasPlace(exchange, now)
  }
}
