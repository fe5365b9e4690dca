// A request under way, as its balancer sees it: the counterpart of proxy/exchange.ts. Its life is in
// simulated-balancer.ts; the records are used again and again.
import type { RetriedExchange } from '../balance/retries.ts'
import type { SentRequest } from '../balance/retry-policy.ts'
import type { Verdict } from '../balance/verdict.ts'
import type { Applicant, Waiting as InQueue } from '../balance/waiting.ts'
import { NONE } from '../seams/strategy.ts'
import type { Attempt } from './attempt.ts'
import type { Waiting } from './deadlines.ts'
import type { ServerView, SimulatedBalancer } from './simulated-balancer.ts'

/** Every request here is a GET. */
const REQUEST: SentRequest = { idempotent: true, held: true, whole: true }

export class SimulatedExchange implements RetriedExchange, Applicant<ServerView>, Waiting {
  balancer!: SimulatedBalancer
  readonly request = REQUEST
  /** Milliseconds on the virtual clock. */
  startedAt = 0
  /** How often the record has been used. */
  use = 0
  keyNumber = 0
  /** Milliseconds of work for a server of speed 1. */
  demand = 0
  /** Attempts after the first one. */
  retries = 0
  over = false
  /** The one that is under way. */
  attempt: Attempt | null = null
  /** The hedge beside it. */
  rival: Attempt | null = null
  hedged = false
  /** Its place in the queue, while it waits for one in the upstream; and how many it has there. */
  inQueue: InQueue<ServerView> | null = null
  places = 0
  /** The text of the key, whatever part of a request the strategy asks for. */
  keyText = ''
  /** Slots. */
  readonly tried: number[] = []
  deadline = 0
  before: Waiting | null = null
  behind: Waiting | null = null

  begin(now: number, keyNumber: number, keyText: string, demand: number): void {
    this.startedAt = now
    this.use++
    this.keyNumber = keyNumber
    this.keyText = keyText
    this.demand = demand
    this.retries = 0
    this.over = false
    this.hedged = false
    this.tried.length = 0
    this.inQueue = null
    this.places = 0
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

  forgetTried(slot: number): void {
    this.tried.length = 0
    if (slot !== NONE) this.tried.push(slot)
  }

  key(): string {
    return this.keyText
  }
}
