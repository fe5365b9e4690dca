// Watches over the servers of one upstream in one thread: counts how attempts end, ejects a server at once when too many
// in a row have failed over all workers, and keeps its circuit breaker. What needs a look at several servers or at some
// time is decided in the main thread (sick-keeper.ts), from what is counted here.
import type { UpstreamPlan } from '../plan/plan.ts'
import { OUTCOME, type Outcome } from '../seams/strategy.ts'
import { BreakerCells, NO_TRIAL } from '../shared/breaker-cells.ts'
import { type Counters, SERVER_COUNTER } from '../shared/counters.ts'
import { BAR, type ServerTable, UP } from '../shared/server-table.ts'
import { Standing } from '../shared/standing.ts'
import { eject } from './eject.ts'

/** What a worker may tell about a server. */
export type Sickness = 'ejected' | 'breaker_open' | 'breaker_closed'

export class Guard {
  private readonly plan: UpstreamPlan
  private readonly slots: readonly number[]
  private readonly table: ServerTable
  private readonly standing: Standing
  private readonly breakers: BreakerCells
  /** null where nothing looks at them. */
  private readonly counters: Counters | null
  private readonly onSick: (slot: number, what: Sickness, reason: string) => void
  private readonly timesHeads: boolean
  /** Milliseconds that an attempt may take to the head of its response; Infinity: any time. */
  private readonly patience: number

  /** `counters` are those of this thread; they may be null unless `countsAttempts`. */
  constructor(
    plan: UpstreamPlan,
    table: ServerTable,
    counters: Counters | null,
    onSick: (slot: number, what: Sickness, reason: string) => void,
  ) {
    this.plan = plan
    this.slots = plan.servers.map(({ slot }) => slot)
    this.table = table
    this.standing = new Standing(table)
    this.breakers = new BreakerCells(table)
    this.counters = countsAttempts(plan) ? counters : null
    this.onSick = onSick
    this.timesHeads = timesHeads(plan)
    const { retries, timeouts } = plan
    this.patience = Math.min(retries.per_try_timeout || Infinity, timeouts.response_head || Infinity)
  }

  /** Whether an upstream asks for any of this. */
  static needed({ outliers, breaker }: Rules): boolean {
    return outliers !== null || breaker !== null
  }

  /** Whether the circuit breaker lets nothing more through. */
  excludes(slot: number): boolean {
    return this.breakers.full(slot, this.plan.breaker!.trials)
  }

  /** Asks the circuit breaker for a place: NO_TRIAL, a trial, or -1 when there is none. */
  take(slot: number): number {
    return this.breakers.take(slot, this.plan.breaker!.trials)
  }

  /** Whole seconds until a circuit breaker lets trials in to a server that is up; 0 when that is not known. */
  secondsToTrials(): number {
    let at = Infinity
    for (const slot of this.slots) {
      // Ejected or not: when no other server is left, it is back at once.
      const broken = (this.table.bars(slot) & ~BAR.ejected) === BAR.breaker
      const trialsAt = this.standing.trialsAt(slot)
      if (broken && this.table.health(slot) === UP && trialsAt > 0) at = Math.min(at, trialsAt)
    }
    return at === Infinity ? 0 : Math.max(1, Math.ceil((at - this.table.now()) / 1000))
  }

  giveBack(slot: number, trial: number): void {
    if (trial !== NO_TRIAL) this.breakers.giveBack(slot, trial)
  }

  trialAnswered(slot: number, trial: number, status: number, headMillis: number): void {
    const { breaker, failureStatuses } = this.plan
    if (breaker === null) return
    if (failureStatuses[status] === 1) this.trialFailed(slot, trial, `a trial was answered with ${status}`)
    else if (breaker.latency > 0 && headMillis > breaker.latency) {
      this.trialFailed(slot, trial, `a trial took ${Math.round(headMillis)} ms`)
    } else if (this.breakers.succeeded(slot, trial, breaker.trials)) {
      this.standing.clear(slot)
      this.onSick(slot, 'breaker_closed', breaker.trials === 1 ? 'the trial succeeded' : 'all trials succeeded')
    }
  }

  /** An attempt has ended; `status` is 0 when there was no response. */
  ended(slot: number, outcome: Outcome, status: number, headMillis: number, trial: number): void {
    if (outcome === OUTCOME.cancelled) {
      this.giveBack(slot, trial)
      return
    }
    if (this.timesHeads) this.counters?.addHeadTime(slot, headMillis * 1000)
    if (outcome === OUTCOME.overtaken) {
      if (trial !== NO_TRIAL) this.trialFailed(slot, trial, `a trial had no answer after ${Math.round(headMillis)} ms`)
      // To be slower than a hedge is no failure, until nobody was answered for as long as an attempt may take.
      if (this.standing.addOvertaken(slot, headMillis) < this.patience) return
    }
    if (outcome === OUTCOME.ok) {
      this.counters?.addForServer(slot, SERVER_COUNTER.attemptsOk)
      this.standing.clear(slot)
      // Exchanges settle their trials at the head of the response; this is for those that have no heads.
      if (trial !== NO_TRIAL) this.trialAnswered(slot, trial, status, headMillis)
      return
    }
    this.counters?.addForServer(slot, SERVER_COUNTER.attemptsFailed)
    if (trial !== NO_TRIAL) {
      this.trialFailed(slot, trial, status === 0 ? 'a trial had no answer' : `a trial was answered with ${status}`)
    }
    this.failed(slot, status)
  }

  private failed(slot: number, status: number): void {
    const { outliers, breaker, failureStatuses } = this.plan
    // Statuses that are tried again are answers, too. After any other head an attempt fails only if the rest broke off.
    const answered = failureStatuses[status] === 1 || status >= 400
    let silent = 0
    if (answered) this.standing.clearSilent(slot)
    else silent = this.standing.addSilent(slot)
    // Also without a rule of its own it tells whether the others do well.
    const failed = this.standing.addFailed(slot)
    if (outliers !== null && isTurn(silent, outliers.consecutive_failures)) {
      this.eject(slot, `${silent} attempts in a row had no usable answer`)
    } else if (outliers !== null && isTurn(failed, outliers.consecutive_errors)) {
      this.eject(slot, `${failed} attempts in a row failed${answered ? `, the last one with status ${status}` : ''}`)
    }
    if (breaker !== null && isTurn(failed, breaker.consecutive_failures)) {
      if (this.breakers.open(slot)) this.onSick(slot, 'breaker_open', `${failed} attempts in a row failed`)
    }
  }

  private eject(slot: number, reason: string): void {
    const { table, standing, slots, plan } = this
    if ((table.bars(slot) & BAR.ejected) !== 0) return
    if (!othersDoWell(table, standing, slots, slot)) return
    if (eject(table, standing, slots, slot, plan.outliers!.max_ejected)) this.onSick(slot, 'ejected', reason)
  }

  private trialFailed(slot: number, trial: number, reason: string): void {
    if (this.breakers.failed(slot, trial)) this.onSick(slot, 'breaker_open', reason)
  }
}

type Rules = Pick<UpstreamPlan, 'outliers' | 'breaker'>

/** Whether some rule looks at servers over an interval. */
export function comparesServers({ outliers }: Pick<Rules, 'outliers'>): boolean {
  if (outliers === null) return false
  return outliers.success_rate_factor > 0 || outliers.failure_percentage > 0 || outliers.latency_factor > 0
}

/** Whether some rule of the breaker looks at a window. */
export function looksBack({ breaker }: Pick<Rules, 'breaker'>): boolean {
  return breaker !== null && (breaker.error_rate > 0 || breaker.latency > 0)
}

/** Whether something asks how many attempts ended how. */
export function countsAttempts(rules: Rules): boolean {
  return comparesServers(rules) || looksBack(rules)
}

/** Whether something asks how long the heads of responses take. */
function timesHeads({ outliers, breaker }: Rules): boolean {
  return (outliers?.latency_factor ?? 0) > 0 || (breaker?.latency ?? 0) > 0
}

/** Every `limit` failures, so that a server that may not be ejected is looked at again, but not each time. */
function isTurn(failures: number, limit: number): boolean {
  return limit > 0 && failures > 0 && failures % limit === 0
}

/** What most servers suffer from is not the fault of this one: of at least half of the others the last attempt was good. */
function othersDoWell(table: ServerTable, standing: Standing, slots: readonly number[], slot: number): boolean {
  let others = 0
  let well = 0
  for (const other of slots) {
    if (other === slot || !table.pickable(other)) continue
    others++
    if (standing.failedInARow(other) === 0) well++
  }
  return well > 0 && well * 2 >= others
}
