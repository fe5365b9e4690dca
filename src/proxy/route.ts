// A route in this thread: the upstream that it leads to, and what its requests have taken lately.
import { HedgeClock } from '../balance/hedge-clock.ts'
import type { RoutePlan } from '../plan/plan.ts'
import type { Upstream } from './upstream.ts'

export class Route {
  readonly plan: RoutePlan
  readonly upstream: Upstream
  /** Null: no hedging. */
  readonly hedgeClock: HedgeClock | null

  /** `before` is the route of the same name in the plan that this one follows. */
  constructor(plan: RoutePlan, upstream: Upstream, before: Route | undefined) {
    const { after } = plan.upstream.hedging
    const clock = before === undefined ? null : before.hedgeClock
    this.plan = plan
    this.upstream = upstream
    if (after === 0) this.hedgeClock = null
    else this.hedgeClock = clock !== null && same(clock.after, after) ? clock : new HedgeClock(after)
  }
}

function same(one: HedgeClock['after'], other: HedgeClock['after']): boolean {
  if (typeof one === 'number' || typeof other === 'number') return one === other
  return one.percentile === other.percentile
}
