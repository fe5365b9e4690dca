// An upstream at run time: its servers in this thread and the picker over those that may be picked now. The picker is
// made anew when health, weight or membership changes, never for a request.
import type { UpstreamPlan } from '../plan/plan.ts'
import { NONE, type PickableServers, type PickExchange, type Picker, type Turn } from '../seams/strategy.ts'
import { type ServerTable, UP } from '../shared/server-table.ts'
import { RetryBudget } from './retry-budget.ts'
import type { Runtime } from './runtime.ts'
import type { Server } from './server.ts'

export class Upstream {
  readonly plan: UpstreamPlan
  readonly budget: RetryBudget
  private readonly table: ServerTable
  private readonly servers: readonly Server[]
  private readonly turn: Turn
  private readonly random: () => number
  private pickable: Server[] = []
  private picker: Picker | null = null
  private epoch = -1

  constructor(runtime: Runtime, plan: UpstreamPlan, servers: readonly Server[], budget: RetryBudget | undefined) {
    this.plan = plan
    this.table = runtime.table
    this.servers = servers
    this.turn = runtime.options.turns.at(plan.turn)
    this.random = runtime.options.random
    this.budget = budget ?? new RetryBudget(plan.retries.budget_ratio, plan.retries.budget_min_per_second)
  }

  /** The server at a position of the present picker. */
  at(position: number): Server {
    return this.pickable[position]!
  }

  /** Whether any server is healthy. Known after a pick. */
  get anyUp(): boolean {
    return this.pickable.length > 0
  }

  /** Chooses a server; null when none is healthy or all that are were tried or are full. */
  pick(exchange: PickExchange): Server | null {
    if (this.epoch !== this.table.healthEpoch()) this.rebuild()
    if (this.picker === null) return null
    const position = this.picker.pick(exchange)
    return position === NONE ? null : this.pickable[position]!
  }

  private rebuild(): void {
    this.epoch = this.table.healthEpoch()
    const { table } = this
    const pickable = this.servers.filter((server) => !server.closed && table.health(server.slot) === UP)
    this.pickable = pickable
    if (pickable.length === 0) {
      this.picker = null
      return
    }
    const servers: PickableServers = {
      count: pickable.length,
      weight: (position) => pickable[position]!.plan.weight,
      inFlight: (position) => table.inFlight(pickable[position]!.slot),
    }
    this.picker = this.plan.strategy.make(servers, { random: this.random, turn: this.turn }, this.plan.strategyOptions)
  }
}
