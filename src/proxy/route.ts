// A route in this thread: the upstream that it leads to, how urgent its requests are, and what they have taken lately.
import { HedgeClock } from '../balance/hedge-clock.ts'
import { findValue } from '../http1/fields.ts'
import type { RequestHead } from '../http1/request-head.ts'
import type { RoutePlan } from '../plan/plan.ts'
import { HIGH, LOW, NORMAL, PRIORITIES, type Priority } from '../seams/priority.ts'
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

  priority(head: RequestHead): Priority {
    const { priority, priorityHeader } = this.plan
    if (priorityHeader === '') return priority
    return parsePriority(findValue(head.fields.forward, priorityHeader), priority)
  }
}

function same(one: HedgeClock['after'], other: HedgeClock['after']): boolean {
  if (typeof one === 'number' || typeof other === 'number') return one === other
  return one.percentile === other.percentile
}

/** `high`, `normal` or `low`, or a Priority field of RFC 9218 (section 4.1: urgency 0 to 7, 3 is the usual); else `usual`. */
function parsePriority(text: string, usual: Priority): Priority {
  if (text === '') return usual
  const named = (PRIORITIES as readonly string[]).indexOf(text.toLowerCase())
  if (named >= 0) return named as Priority
  const urgency = /(?:^|[,\s])u=([0-7])(?=$|[,;\s])/.exec(text)?.[1]
  if (urgency === undefined) return usual
  return urgency <= '2' ? HIGH : urgency <= '4' ? NORMAL : LOW
}
