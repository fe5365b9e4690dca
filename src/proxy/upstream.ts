// An upstream in this thread: the pool of its servers, who is let in to it, and the rules and the budget for its retries.
import { Guard } from '../balance/guard.ts'
import { Pool, type PoolTools } from '../balance/pool.ts'
import { Retries } from '../balance/retries.ts'
import { RetryBudget } from '../balance/retry-budget.ts'
import type { UpstreamPlan } from '../plan/plan.ts'
import { Admission } from './admission.ts'
import type { Runtime } from './runtime.ts'
import type { Server } from './server.ts'

export class Upstream {
  readonly plan: UpstreamPlan
  readonly pool: Pool<Server>
  readonly budget: RetryBudget
  readonly retries: Retries<Server>
  /** Null when everybody is let in. */
  readonly admission: Admission | null

  /** `before` is the same upstream in the plan that this one follows. */
  constructor(runtime: Runtime, plan: UpstreamPlan, servers: readonly Server[], before: Upstream | undefined) {
    const { table, inFlight, options } = runtime
    const tools: PoolTools<Server> = {
      table,
      inFlight,
      turn: (tier) => options.turns.at(plan.turn, tier),
      random: options.random,
      probe: (server, path, answered) => runtime.prober.probe(server, path, answered),
      onStrategyFailed: (reason) => runtime.log.strategyFailed(plan.name, plan.strategy.name, reason),
      ...(Guard.needed(plan) ? { guard: new Guard(plan, table, runtime.counters, options.onSick) } : {}),
    }
    this.plan = plan
    this.pool = new Pool(plan, servers, tools, before?.pool)
    this.admission = before?.admission ?? (plan.gated ? new Admission(runtime, plan, this.pool) : null)
    this.admission?.gate.update(plan, this.pool)
    if (plan.strategyFailure !== '') runtime.log.strategyFailed(plan.name, '', plan.strategyFailure)
    const { budget_ratio, budget_min_per_second } = plan.retries
    const same =
      before?.plan.retries.budget_ratio === budget_ratio &&
      before.plan.retries.budget_min_per_second === budget_min_per_second
    this.budget = same ? before.budget : new RetryBudget(budget_ratio, budget_min_per_second)
    this.retries = new Retries(plan, this.pool, this.budget, options.random)
  }
}
