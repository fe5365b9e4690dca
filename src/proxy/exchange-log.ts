// What the hot path tells the log; the worker gives it an implementation. Each call must be cheap and never throw.

import type { Exchange } from './exchange.ts'
import type { Server } from './server.ts'

export interface ExchangeLog {
  /** A server was chosen; `load` is its count of exchanges in flight before this one. Null when switched off. */
  readonly selected: ((server: Server, load: number) => void) | null
  /** An exchange is over. Null when switched off. */
  readonly finished: ((exchange: Exchange, micros: number) => void) | null
  /** An attempt failed and another one follows. `failure`: the name of its row in the table, or `status`. */
  retrying(exchange: Exchange, server: Server, failure: string, detail: string): void
  /** A server has not answered after so many milliseconds, and a second one is asked, too. Null when switched off. */
  readonly hedging: ((exchange: Exchange, server: Server, millis: number) => void) | null
  /** The exchange failed for good; the exchange knows its failure, status and last server. */
  failed(exchange: Exchange, detail: string): void
  /** A request is turned away, because there is no place for it; `failed` follows. */
  upstreamFull(upstream: string, state: string): void
  /** A strategy of people's own broke down; another one has taken over. `strategy` is empty when it could not be loaded. */
  strategyFailed(upstream: string, strategy: string, reason: string): void
  /** A connection was closed at once because `limits.client_connections` was reached. */
  tooManyClients(limit: number): void
  /** A connection could not be accepted; `code` is the system's: `EMFILE`. */
  acceptFailed(code: string): void
  /** A client's bytes were refused before they became an exchange. */
  refused(client: string, code: string, status: number): void
}
