// A request under way, as its balancer sees it: the counterpart of proxy/exchange.ts. Its life is in
// simulated-balancer.ts; the records are used again and again.
import type { Verdict } from '../balance/verdict.ts'
import type { Applicant, Waiting as InQueue } from '../balance/waiting.ts'
import type { Attempt } from './attempt.ts'
import type { Waiting } from './deadlines.ts'
import type { ServerView, SimulatedBalancer } from './simulated-balancer.ts'

export class SimulatedExchange implements Applicant<ServerView>, Waiting {
  balancer!: SimulatedBalancer
  /** Milliseconds on the virtual clock. */
  startedAt = 0
  keyNumber = 0
  /** Milliseconds of work for a server of speed 1. */
  demand = 0
  /** Attempts after the first one. */
  retries = 0
  over = false
  /** The one that is under way. */
  attempt: Attempt | null = null
  /** Its place in the queue, while it waits for one in the upstream; and whether it has that. */
  inQueue: InQueue<ServerView> | null = null
  entered = false
  /** The text of the key, whatever part of a request the strategy asks for. */
  keyText = ''
  /** Slots. */
  readonly tried: number[] = []
  deadline = 0
  before: Waiting | null = null
  behind: Waiting | null = null

  begin(now: number, keyNumber: number, keyText: string, demand: number): void {
    this.startedAt = now
    this.keyNumber = keyNumber
    this.keyText = keyText
    this.demand = demand
    this.retries = 0
    this.over = false
    this.tried.length = 0
    this.inQueue = null
    this.entered = false
  }

  admitted(view: ServerView): void {
    this.balancer.admitted(this, view)
  }

  turnedAway(verdict: Verdict): void {
    this.balancer.turnedAway(this, verdict)
  }

  hasTried(slot: number): boolean {
    return this.tried.length > 0 && this.tried.includes(slot)
  }

  key(): string {
    return this.keyText
  }
}
