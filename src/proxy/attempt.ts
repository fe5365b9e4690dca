// One try of an exchange on one server: the place that it takes there, the connection that carries it, and its times. An
// exchange has one attempt after another, and for a while two at once when it is hedged.
import type { Outcome } from '../seams/strategy.ts'
import { NO_TRIAL } from '../shared/breaker-cells.ts'
import type { Exchange } from './exchange.ts'
import type { Server } from './server.ts'
import type { ServerConnection } from './server-connection.ts'
import type { Upstream } from './upstream.ts'

export class Attempt {
  readonly exchange: Exchange
  readonly server: Server
  /** It runs beside another one that takes unusually long. */
  readonly hedge: boolean
  /** When the server was chosen. Milliseconds on the monotonic clock, as all times here. */
  readonly startedAt: number
  /** Null once it is of no use to the attempt any more. */
  connection: ServerConnection | null
  /** The first byte of a response has come. */
  begun = false
  /** When the head of the response came; 0 before that. */
  headAt = 0
  /** Of the response; 0 before its head has come. */
  private status = 0
  /** What the place is to the server's circuit breaker. */
  private trial: number
  private readonly upstream: Upstream
  /** The place on the server is still taken. */
  private placed = true

  /** The pool has taken a place on `server`, which `leave` gives back. */
  constructor(
    exchange: Exchange,
    upstream: Upstream,
    server: Server,
    connection: ServerConnection,
    hedge: boolean,
    now: number,
  ) {
    this.exchange = exchange
    this.upstream = upstream
    this.server = server
    this.connection = connection
    this.hedge = hedge
    this.startedAt = now
    this.trial = upstream.pool.trial
  }

  /** The head of the response has come, or of a 101. */
  answered(status: number, now: number): void {
    this.status = status
    this.headAt = now
    if (this.trial === NO_TRIAL) return
    this.upstream.pool.trialAnswered(this.server, this.trial, status, now - this.startedAt)
    this.trial = NO_TRIAL
  }

  /** Gives the place on the server back, once. */
  leave(outcome: Outcome, now: number): void {
    if (!this.placed) return
    this.placed = false
    const millis = now - this.startedAt
    const headMillis = this.headAt === 0 ? millis : this.headAt - this.startedAt
    this.upstream.pool.finish(this.server, outcome, headMillis, millis, now, this.status, this.trial)
  }

  /** Closes the connection, whatever it is at. */
  destroy(): void {
    this.connection?.destroy()
    this.connection = null
  }
}
