// The gate of a balancer's upstream: the product's own, with its shared cells for this one balancer alone, and the limit that
// the main thread of a real one would find out.
import { Gate } from '../balance/gate.ts'
import { GradientLimit, TICK_MS } from '../balance/gradient-limit.ts'
import type { Pool } from '../balance/pool.ts'
import type { UpstreamPlan } from '../plan/plan.ts'
import { Gates, UNLIMITED } from '../shared/gates.ts'
import type { ServerView } from './simulated-balancer.ts'
import type { VirtualClock } from './virtual-clock.ts'

export class SimulatedGate {
  readonly gate: Gate<ServerView>
  private readonly clock: VirtualClock
  private readonly gates = new Gates({ capacity: 1, workers: 1 })
  private latencies: number[] = []
  /** Somebody waits, and will be looked at. */
  private watched = false

  constructor(plan: UpstreamPlan, pool: Pool<ServerView>, clock: VirtualClock, random: () => number) {
    this.clock = clock
    this.gates.wake = () => this.gate.freed()
    this.gate = new Gate(plan, pool, {
      shared: this.gates.gate(0, 0),
      defer: () => clock.after(0, () => this.gate.serve(clock.now)),
      queued: () => {},
      latency: plan.adaptive ? (millis) => this.latencies.push(millis) : null,
    })
    const most = plan.maxActive === 0 ? UNLIMITED : plan.maxActive
    this.gates.setLimit(0, most)
    if (plan.adaptive) this.adapt(new GradientLimit(most, random))
  }

  /** Somebody waits, who may have to be turned away. */
  watch(): void {
    const { clock, gate } = this
    if (this.watched || gate.deadline === Number.POSITIVE_INFINITY) return
    this.watched = true
    clock.after(gate.deadline - clock.now, () => {
      this.watched = false
      gate.expire(clock.now)
      this.watch()
    })
  }

  private adapt(limit: GradientLimit): void {
    this.gates.setLimit(0, limit.limit)
    this.clock.after(TICK_MS, () => {
      limit.look(this.clock.now, this.latencies, this.gates.active(0))
      this.latencies = []
      this.adapt(limit)
    })
  }
}
