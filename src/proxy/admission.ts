// The gate of an upstream in this thread, and when it looks for free places and for those that have waited too long.
import { Gate } from '../balance/gate.ts'
import type { Pool } from '../balance/pool.ts'
import { Timer } from '../base/timer-wheel.ts'
import type { UpstreamPlan } from '../plan/plan.ts'
import type { Runtime } from './runtime.ts'
import type { Server } from './server.ts'

/** So that nobody is turned away a moment before the wheel turns for it. */
const LATE_MS = 1

export class Admission {
  readonly gate: Gate<Server>
  private readonly runtime: Runtime
  private readonly timer = new Timer(this)
  private readonly serve = (): void => this.gate.serve(performance.now())

  constructor(runtime: Runtime, plan: UpstreamPlan, pool: Pool<Server>) {
    const { gates, samples, worker } = runtime.options
    this.runtime = runtime
    this.gate = new Gate(plan, pool, {
      shared: gates.gate(plan.turn, worker),
      defer: () => queueMicrotask(this.serve),
      queued: (millis) => samples.addQueued(plan.turn, millis),
      latency: plan.adaptive ? (millis) => samples.addLatency(plan.turn, millis) : null,
    })
  }

  /** Someone waits: it may have to be turned away. */
  watch(now: number): void {
    if (this.timer.deadline === 0) this.runtime.wheel.set(this.timer, this.gate.deadline - now + LATE_MS, now)
  }

  onTimer(): void {
    const now = performance.now()
    this.gate.expire(now)
    if (this.gate.deadline < Number.POSITIVE_INFINITY) this.watch(now)
  }
}
