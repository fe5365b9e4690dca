// Connects the hot path with the log of its thread.
import {
  acceptFailed,
  hedging,
  type LogLine,
  requestFailed,
  requestRefused,
  retrying,
  strategyFailed,
  tooManyClients,
} from '../observe/lines.ts'
import type { SelectionText } from '../observe/selection-log.ts'
import type { ThreadLog } from '../observe/thread-log.ts'
import type { Exchange } from '../proxy/exchange.ts'
import type { ExchangeLog } from '../proxy/exchange-log.ts'
import type { Server } from '../proxy/server.ts'
import type { Failure } from '../seams/failures.ts'

export function makeExchangeLog({ logger, selection, access }: ThreadLog): ExchangeLog {
  /** A flood of connections must not become a flood of lines. */
  let quietUntil = 0
  function seldom(line: LogLine): void {
    const now = performance.now()
    if (now < quietUntil) return
    quietUntil = now + 1000
    logger.log(line)
  }

  function attempt(exchange: Exchange, failure: Failure, reason: string) {
    const { method, target } = exchange.head
    return { method, target, server: exchange.server?.plan.url ?? '', failure: failure.name, reason }
  }
  return {
    selected:
      selection === null
        ? null
        : (server: Server, load: number) => {
            if (server.selectionText === null) {
              const { title, showsLoad } = server.upstream.strategy
              server.selectionText = selection.prepare(server.plan.url, server.plan.upstream, title, showsLoad)
            }
            selection.selected(server.selectionText as SelectionText, load)
          },
    finished:
      access === null
        ? null
        : (exchange: Exchange, micros: number) => {
            const { head, client, tunnel } = exchange
            access.access(
              client.address,
              head.method,
              head.target,
              exchange.status,
              exchange.responseBytes + (tunnel === null ? 0 : tunnel.responseBytes),
              micros,
              exchange.server?.plan.url ?? '',
              exchange.retries,
              exchange.failure?.name ?? '',
              head.old ? 'HTTP/1.0' : 'HTTP/1.1',
            )
          },
    retrying: (exchange, server, failure, detail) => {
      const { method, target } = exchange.head
      logger.log(retrying({ method, target, server: server.plan.url, failure, reason: detail }))
    },
    hedging: logger.isLogged('debug')
      ? ({ head: { method, target } }, server, millis) =>
          logger.log(hedging(method, target, server.plan.url, Math.round(millis)))
      : null,
    failed: (exchange, detail) => {
      // A client that leaves is its own business: worth a line only to those who look closely.
      const line = requestFailed(attempt(exchange, exchange.failure!, detail), exchange.status)
      logger.log(exchange.failure!.blame === 'client' ? { ...line, level: 'debug' } : line)
    },
    strategyFailed: (upstream, strategy, reason) => logger.log(strategyFailed(upstream, strategy, reason)),
    tooManyClients: (limit) => seldom(tooManyClients(limit)),
    acceptFailed: (code) => seldom(acceptFailed(code)),
    refused: (client, code, status) => logger.log(requestRefused(client, status, code)),
  }
}
