// One balancer process: the product's own pool, picker, retries with their budget, hysteresis and care for sick servers, with
// tables of its own, so that it knows no more than a real one would. The life of an exchange here is that of
// proxy/exchange.ts, step by step:
//
//   admit → pick → connect → respond → account, with the two doors back `attemptFailed` and `fail`.
import { countsAttempts, Guard } from '../balance/guard.ts'
import { HedgeClock } from '../balance/hedge-clock.ts'
import { Membership, Pool, type PoolServer } from '../balance/pool.ts'
import { Retries } from '../balance/retries.ts'
import { RetryBudget } from '../balance/retry-budget.ts'
import { SickKeeper, TICK_MS } from '../balance/sick-keeper.ts'
import { failureOf, VERDICT, type Verdict } from '../balance/verdict.ts'
import type { HealthCheckConfig } from '../config/config.ts'
import type { ServerPlan, UpstreamPlan } from '../plan/plan.ts'
import { FAILURES, type Failure, type RetryReason } from '../seams/failures.ts'
import { NORMAL } from '../seams/priority.ts'
import { OUTCOME, type Outcome, type ProbeAnswer } from '../seams/strategy.ts'
import { Counters } from '../shared/counters.ts'
import { InFlight } from '../shared/in-flight.ts'
import { ServerTable } from '../shared/server-table.ts'
import { Turns } from '../shared/turns.ts'
import type { Attempt } from './attempt.ts'
import { Deadlines } from './deadlines.ts'
import { HealthChecks } from './health-checks.ts'
import type { SimulatedExchange } from './simulated-exchange.ts'
import { SimulatedGate } from './simulated-gate.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { EVENT, type World } from './world.ts'

/** The status of an error that a server answers with. */
const ERROR = 500

/** A server as one balancer knows it. */
export class ServerView implements PoolServer {
  readonly slot: number
  readonly plan: ServerPlan
  readonly server: SimulatedServer
  readonly balancer: SimulatedBalancer
  readonly closed = false
  readonly membership = new Membership()

  constructor(plan: ServerPlan, server: SimulatedServer, balancer: SimulatedBalancer) {
    this.slot = plan.slot
    this.plan = plan
    this.server = server
    this.balancer = balancer
  }
}

export class SimulatedBalancer {
  readonly table: ServerTable
  readonly plan: UpstreamPlan
  readonly views: readonly ServerView[]
  private readonly world: World
  private readonly pool: Pool<ServerView>
  /** Null when everybody is let in. */
  private readonly gate: SimulatedGate | null
  private readonly budget: RetryBudget
  private readonly retries: Retries<ServerView>
  /** Null: no hedging. */
  private readonly hedges: HedgeClock | null
  private readonly checks: HealthChecks
  private readonly heads: Deadlines<Attempt>
  private readonly exchanges: Deadlines<SimulatedExchange>

  /** `servers` in the order of the plan's. */
  constructor(
    world: World,
    plan: UpstreamPlan,
    check: HealthCheckConfig,
    servers: readonly SimulatedServer[],
    random: () => number,
  ) {
    const count = plan.servers.length
    const turns = new Turns(1)
    this.world = world
    this.plan = plan
    this.table = new ServerTable(count, () => world.clock.now)
    this.views = plan.servers.map((server, index) => new ServerView(server, servers[index]!, this))
    this.pool = new Pool(plan, this.views, {
      table: this.table,
      inFlight: new InFlight(this.table, count),
      turn: (tier) => turns.at(0, tier),
      random,
      probe: (view, _path, answered) => this.probe(view, answered),
      onStrategyFailed: (reason) => {
        world.statistics.strategyFailure ||= reason
      },
      ...(Guard.needed(plan) ? { guard: this.makeGuard(random) } : {}),
    })
    this.gate = plan.gated ? new SimulatedGate(plan, this.pool, world.clock, random) : null
    this.budget = new RetryBudget(plan.retries.budget_ratio, plan.retries.budget_min_per_second)
    this.retries = new Retries(plan, this.pool, this.budget, random)
    this.hedges = plan.hedging.after === 0 ? null : new HedgeClock(plan.hedging.after)
    this.checks = new HealthChecks(world, this.table, this.views, check, random, () => this.gate?.gate.freed())
    this.heads = new Deadlines(world.clock, headTimeout(plan), (attempt) =>
      this.attemptFailed(attempt, FAILURES.responseTimeout),
    )
    this.exchanges = new Deadlines(world.clock, plan.timeouts.exchange, (exchange) =>
      this.fail(exchange, FAILURES.exchangeTimeout),
    )
  }

  /** Guard and keeper: a worker and the main thread in one. */
  private makeGuard(random: () => number): Guard {
    const { plan, table, world } = this
    // Counters of many servers for many balancers take much memory.
    const counters = countsAttempts(plan) ? [new Counters(plan.servers.length)] : []
    const keeper = new SickKeeper(table, counters, { random, onEvent: () => this.gate?.gate.freed() })
    const { outliers, breaker, servers } = plan
    const tick = (): void => {
      keeper.tick(world.clock.now)
      world.clock.after(TICK_MS, tick)
    }
    keeper.watch([{ name: plan.name, outliers, breaker, servers }], world.clock.now)
    world.clock.after(TICK_MS * random(), tick)
    return new Guard(plan, table, counters[0] ?? null, (slot, what, reason) =>
      keeper.report(slot, what, reason, world.clock.now),
    )
  }

  // ── admit ──

  begin(exchange: SimulatedExchange): void {
    exchange.balancer = this
    this.budget.request(exchange.startedAt)
    this.exchanges.add(exchange)
    this.pick(exchange)
  }

  // ── pick ──

  private pick(exchange: SimulatedExchange): void {
    if (this.gate !== null) {
      this.enter(exchange, this.gate)
      return
    }
    const view = this.pool.choose(exchange, this.world.clock.now)
    if (view !== null) this.connect(exchange, view)
    else this.fail(exchange, this.pool.anyUp ? FAILURES.allServersFull : FAILURES.noServer)
  }

  private enter(exchange: SimulatedExchange, { gate }: SimulatedGate): void {
    const verdict = gate.enter(exchange, NORMAL, this.world.clock.now)
    if (verdict === VERDICT.entered) this.admitted(exchange, gate.server!)
    else if (verdict === VERDICT.waits) {
      exchange.inQueue = gate.waiting
      this.gate!.watch()
    } else this.turnedAway(exchange, verdict)
  }

  admitted(exchange: SimulatedExchange, view: ServerView): void {
    exchange.inQueue = null
    exchange.places = 1
    this.connect(exchange, view)
  }

  turnedAway(exchange: SimulatedExchange, verdict: Verdict): void {
    exchange.inQueue = null
    this.fail(exchange, failureOf(verdict))
  }

  // ── connect ──

  /** The pool has taken a place on this server for the exchange. */
  private connect(exchange: SimulatedExchange, view: ServerView, isHedge = false): void {
    const { world } = this
    const { clock } = world
    const attempt = world.attempts.take(exchange, view, clock.now)
    attempt.trial = this.pool.trial
    attempt.isHedge = isHedge
    if (isHedge) exchange.rival = attempt
    else {
      exchange.attempt = attempt
      if (this.hedges !== null) this.awaitAnswer(exchange, this.hedges)
    }
    exchange.tried.push(view.slot)
    world.statistics.picked(view.server.number)
    this.heads.add(attempt)
    if (world.network === 0) {
      view.server.arrive(attempt)
      return
    }
    attempt.events++
    clock.plan(clock.now + world.network, EVENT.atServer, attempt.record)
  }

  // ── respond ──

  /** What came back of an attempt has arrived. */
  answered(attempt: Attempt): void {
    const { exchange, view } = attempt
    // The balancer has given up waiting for it.
    if (exchange === null) {
      this.world.attempts.letGo(attempt)
      return
    }
    if (attempt.failure !== null) {
      this.attemptFailed(attempt, attempt.failure)
      return
    }
    this.table.clearConnectFailures(view.slot)
    const { isError } = attempt
    const status = isError ? ERROR : 200
    this.leave(attempt, this.plan.failureStatuses[status] === 1 ? OUTCOME.failed : OUTCOME.ok, status)
    if (isError && this.retries.policy.listsStatus(ERROR)) {
      if (exchange.attempt !== null || this.retry(exchange, view, 'status', null)) return
    }
    // The other one was slower.
    const outcome = attempt.isHedge ? OUTCOME.overtaken : OUTCOME.cancelled
    if (exchange.attempt !== null) this.leave(exchange.attempt, outcome)
    this.account(exchange, view, null, isError)
  }

  // ── the hedge ──

  /** If the answer takes unusually long, a second attempt shall run beside the first, as in proxy/second-chance.ts. */
  private awaitAnswer(exchange: SimulatedExchange, { wait }: HedgeClock): void {
    if (wait === 0 || exchange.hedged) return
    const { attempt, use } = exchange
    const { placedAt } = attempt!
    this.world.clock.after(wait, () => {
      const waits = exchange.use === use && exchange.attempt === attempt && attempt!.placedAt === placedAt
      if (waits && !exchange.over) this.hedge(exchange)
    })
  }

  private hedge(exchange: SimulatedExchange): void {
    const { pool, budget, world } = this
    const { now } = world.clock
    if (!pool.hasPlace(exchange, now) || !this.takePlace(exchange)) return
    exchange.hedged = true
    const view = budget.withdraw(now) ? pool.choose(exchange, now) : null
    if (view === null) {
      this.givePlaceBack(exchange)
      return
    }
    world.statistics.triedAgain(exchange)
    this.connect(exchange, view, true)
  }

  /** Whether there is a place for a second attempt beside the first. */
  private takePlace(exchange: SimulatedExchange): boolean {
    if (this.gate === null) return true
    if (!this.gate.gate.enterAgain()) return false
    exchange.places++
    return true
  }

  private givePlaceBack(exchange: SimulatedExchange): void {
    if (this.gate === null) return
    exchange.places--
    this.gate.gate.exitUnused()
  }

  // ── the doors back ──

  private attemptFailed(attempt: Attempt, failure: Failure): void {
    const exchange = attempt.exchange!
    const { view } = attempt
    this.leave(attempt, OUTCOME.failed)
    if (failure.retry === 'connect_failure') this.connectFailed(view)
    if (exchange.attempt !== null) return
    if (failure.retry !== 'never' && this.retry(exchange, view, failure.retry, failure)) return
    this.account(exchange, view, failure, false)
  }

  /** Returns whether another attempt follows, now or later. `failure`: null after a response. */
  private retry(exchange: SimulatedExchange, view: ServerView, reason: RetryReason, failure: Failure | null): boolean {
    const { clock } = this.world
    const wait = this.retries.plan(exchange, view.slot, reason, 0, clock.now)
    if (wait < 0) return false
    if (wait === 0) {
      this.tryAgain(exchange, view, reason, failure)
      return true
    }
    const { use } = exchange
    clock.after(wait, () => {
      // Its time may be up by now, and its record in use for another one.
      if (exchange.use === use && !exchange.over) this.tryAgain(exchange, view, reason, failure)
    })
    return true
  }

  private tryAgain(exchange: SimulatedExchange, view: ServerView, reason: RetryReason, failure: Failure | null): void {
    const next = this.retries.choose(exchange, view.slot, reason, this.world.clock.now)
    if (next === null) {
      this.fail(exchange, failure ?? (this.pool.anyUp ? FAILURES.allServersFull : FAILURES.noServer))
      return
    }
    exchange.retries++
    this.world.statistics.triedAgain(exchange)
    this.connect(exchange, next)
  }

  /** Several in a row take the server down at once, before the next health check. */
  private connectFailed(view: ServerView): void {
    if (this.table.addConnectFailure(view.slot) !== this.plan.connectFailures) return
    if (this.table.takeDown(view.slot)) this.checks.takenDown(view)
  }

  private fail(exchange: SimulatedExchange, failure: Failure): void {
    let view: ServerView | null = null
    for (let { attempt } = exchange; attempt !== null; attempt = exchange.attempt) {
      view ??= attempt.view
      this.leave(attempt, OUTCOME.failed)
    }
    this.account(exchange, view, failure, false)
  }

  // ── account ──

  private account(
    exchange: SimulatedExchange,
    view: ServerView | null,
    failure: Failure | null,
    isError: boolean,
  ): void {
    this.exchanges.remove(exchange)
    if (exchange.inQueue !== null) this.gate!.gate.leave(exchange.inQueue)
    for (; exchange.places > 0; exchange.places--) this.gate!.gate.exit()
    const millis = this.world.clock.now - exchange.startedAt
    this.world.statistics.finished(exchange, view === null ? 0 : view.server.number, failure, isError, millis)
    this.world.finished(exchange)
  }

  /**
   * Gives the place on the server back; another attempt, if there is one, is then that of the exchange. `status`: 0 when
   * there was no response.
   */
  private leave(attempt: Attempt, outcome: Outcome, status = 0): void {
    const { now } = this.world.clock
    const millis = now - attempt.placedAt
    const exchange = attempt.exchange!
    // As in the proxy: a failure says how long answers take only when a hedge was sent because of that.
    const tells = !attempt.isHedge && (outcome !== OUTCOME.failed || exchange.rival !== null)
    if (this.hedges !== null && tells) this.hedges.record(millis, now)
    if (exchange.attempt === attempt) exchange.attempt = exchange.rival
    exchange.rival = null
    attempt.exchange = null
    this.heads.remove(attempt)
    this.pool.finish(attempt.view, outcome, millis, millis, now, status, attempt.trial)
    this.world.attempts.letGo(attempt)
  }

  // ── beside the exchanges ──

  /** Asks a server how it is, over the network and back. */
  private probe(view: ServerView, answered: (answer: ProbeAnswer) => void): void {
    const { clock, network } = this.world
    const { server } = view
    clock.after(network, () => {
      if (server.hangs) return
      const ok = !server.isDown && !server.failsChecks
      const { inFlight } = server
      const millis = server.expectedLatency()
      clock.after(network, () => answered({ ok, inFlight, millis, now: clock.now }))
    })
  }
}

/** How long an attempt may take to be answered; 0: any time. */
function headTimeout({ timeouts, retries }: UpstreamPlan): number {
  const { response_head } = timeouts
  const { per_try_timeout } = retries
  return response_head === 0 || per_try_timeout === 0
    ? Math.max(response_head, per_try_timeout)
    : Math.min(response_head, per_try_timeout)
}
