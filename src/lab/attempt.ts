// One try of one exchange on one server. The records are used again and again, for a simulation makes millions; a record
// is free when its balancer has done with it and no event refers to it any more.
import type { Failure } from '../seams/failures.ts'
import type { Waiting } from './deadlines.ts'
import type { ServerView } from './simulated-balancer.ts'
import type { SimulatedExchange } from './simulated-exchange.ts'

export class Attempt implements Waiting {
  /** Its number in events. */
  readonly record: number
  /** Null once the balancer waits for it no more. */
  exchange: SimulatedExchange | null = null
  view!: ServerView
  /** Milliseconds of work for a server of speed 1. */
  demand = 0
  /** When its place on the server was taken. */
  placedAt = 0
  /** Exchanges that the server had when this one came. */
  loadBefore = 0
  arrivedAt = 0
  /** What comes back: a failure of the connection, or else a response, which may be an error. */
  failure: Failure | null = null
  isError = false
  /** It runs beside another one that takes unusually long. */
  isHedge = false
  /** What its place is to the circuit breaker of the server. */
  trial = 0
  /** Next in the queue of the server. */
  next: Attempt | null = null
  /** The server has it, waiting or at work. */
  atServer = false
  /** Events that refer to it. */
  events = 0
  isFree = false
  deadline = 0
  before: Waiting | null = null
  behind: Waiting | null = null

  constructor(record: number) {
    this.record = record
  }
}

export class Attempts {
  readonly all: Attempt[] = []
  private readonly free: Attempt[] = []

  take(exchange: SimulatedExchange, view: ServerView, now: number): Attempt {
    const attempt = this.free.pop() ?? this.make()
    attempt.isFree = false
    attempt.exchange = exchange
    attempt.view = view
    attempt.demand = exchange.demand
    attempt.placedAt = now
    attempt.failure = null
    attempt.isError = false
    return attempt
  }

  /** Frees the record if nobody needs it any more. */
  letGo(attempt: Attempt): void {
    if (attempt.exchange !== null || attempt.events > 0 || attempt.atServer || attempt.isFree) return
    attempt.isFree = true
    this.free.push(attempt)
  }

  private make(): Attempt {
    const attempt = new Attempt(this.all.length)
    this.all.push(attempt)
    return attempt
  }
}
