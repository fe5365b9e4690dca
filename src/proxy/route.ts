// Where the requests of a route go, and how urgent they are.
import { findValue } from '../http1/fields.ts'
import type { RequestHead } from '../http1/request-head.ts'
import type { RoutePlan } from '../plan/plan.ts'
import { HIGH, LOW, NORMAL, PRIORITIES, type Priority } from '../seams/priority.ts'
import type { Upstream } from './upstream.ts'

export class Route {
  readonly upstream: Upstream
  private readonly plan: RoutePlan

  constructor(plan: RoutePlan, upstream: Upstream) {
    this.plan = plan
    this.upstream = upstream
  }

  priority(head: RequestHead): Priority {
    const { priority, priorityHeader } = this.plan
    if (priorityHeader === '') return priority
    return parsePriority(findValue(head.fields.forward, priorityHeader), priority)
  }
}

/** `high`, `normal` or `low`, or a Priority field of RFC 9218 (section 4.1: urgency 0 to 7, 3 is the usual); else `usual`. */
export function parsePriority(text: string, usual: Priority): Priority {
  if (text === '') return usual
  const named = (PRIORITIES as readonly string[]).indexOf(text.toLowerCase())
  if (named >= 0) return named as Priority
  const urgency = /(?:^|[,\s])u=([0-7])(?=$|[,;\s])/.exec(text)?.[1]
  if (urgency === undefined) return usual
  return urgency <= '2' ? HIGH : urgency <= '4' ? NORMAL : LOW
}
