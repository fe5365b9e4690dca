// An upstream in this thread: the pool of its servers, and the budget for its retries.
import { Pool, type PoolTools } from '../balance/pool.ts'
import { RetryBudget } from '../balance/retry-budget.ts'
import type { UpstreamPlan } from '../plan/plan.ts'
import type { Runtime } from './runtime.ts'
import type { Server } from './server.ts'

export class Upstream {
  readonly plan: UpstreamPlan
  readonly pool: Pool<Server>
  readonly budget: RetryBudget

  /** `before` is the same upstream in the plan that this one follows. */
  constructor(runtime: Runtime, plan: UpstreamPlan, servers: readonly Server[], before: Upstream | undefined) {
    const { table, inFlight, options } = runtime
    const tools: PoolTools<Server> = {
      table,
      inFlight,
      turn: options.turns.at(plan.turn),
      random: options.random,
      probe: (server, path, answered) => runtime.prober.probe(server, path, answered),
      onStrategyFailed: (reason) => runtime.log.strategyFailed(plan.name, plan.strategy.name, reason),
    }
    this.plan = plan
    this.pool = new Pool(plan, servers, tools, before?.pool)
    if (plan.strategyFailure !== '') runtime.log.strategyFailed(plan.name, '', plan.strategyFailure)
    this.budget = before?.budget ?? new RetryBudget(plan.retries.budget_ratio, plan.retries.budget_min_per_second)
  }
}
