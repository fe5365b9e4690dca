// What the head of a response says about the server that sent it: less weight, a wish to drain, a load report. It is read
// once per distinct head, noted in shared memory, where the main thread looks for it, and not passed on.
import { readDrain, readWeight } from '../balance/feedback-headers.ts'
import { loadWeight, readLoadReport } from '../balance/load-report.ts'
import { ORCA_HEADER } from '../balance/orca.ts'
import { findValue, withoutFields } from '../http1/fields.ts'
import type { UpstreamPlan } from '../plan/plan.ts'
import type { ServerTable } from '../shared/server-table.ts'
import { Standing } from '../shared/standing.ts'

const WEIGHT = 'octoload-weight'
const DRAIN = 'octoload-drain'

/** What one head says. */
export interface Said {
  /** Per cent of the weight, or -1. */
  readonly weight: number
  /** DRAIN_SAID, READY_SAID or 0. */
  readonly drain: number
  /** Requests a second that the server could take, or 0. */
  readonly load: number
}

export class ResponseFeedback {
  private readonly table: ServerTable
  private readonly standing: Standing
  private readonly headers: boolean
  private readonly orca: boolean
  private readonly penalty: number
  private readonly names: ReadonlySet<string>

  private constructor({ headers, orca, orca_error_penalty }: UpstreamPlan['feedback'], table: ServerTable) {
    this.table = table
    this.standing = new Standing(table)
    this.headers = headers
    this.orca = orca
    this.penalty = orca_error_penalty
    this.names = new Set([...(headers ? [WEIGHT, DRAIN] : []), ...(orca ? [ORCA_HEADER] : [])])
  }

  /** null when the upstream does not ask for it. */
  static make({ feedback }: UpstreamPlan, table: ServerTable): ResponseFeedback | null {
    return feedback.headers || feedback.orca ? new ResponseFeedback(feedback, table) : null
  }

  /** null when a block of fields says nothing that can be understood. */
  read(fields: string): Said | null {
    const weight = this.headers ? readWeight(findValue(fields, WEIGHT)) : -1
    const drain = this.headers ? readDrain(findValue(fields, DRAIN)) : 0
    const report = this.orca ? readLoadReport(findValue(fields, ORCA_HEADER)) : null
    const load = report === null ? 0 : loadWeight(report, this.penalty)
    return weight < 0 && drain === 0 && load === 0 ? null : { weight, drain, load }
  }

  strip(lines: string): string {
    return withoutFields(lines, this.names)
  }

  heed(slot: number, { weight, drain, load }: Said): void {
    const now = this.table.now()
    if (weight >= 0 || drain !== 0) this.standing.say(slot, weight, drain, now)
    if (load > 0) this.standing.reportLoad(slot, load, now)
  }
}
