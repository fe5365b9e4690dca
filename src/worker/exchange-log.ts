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
  upstreamFull,
} from '../observe/lines.ts'
import type { SelectionText } from '../observe/selection-log.ts'
import type { ThreadLog } from '../observe/thread-log.ts'
import type { Exchange } from '../proxy/exchange.ts'
import type { ExchangeLog } from '../proxy/exchange-log.ts'
import type { Server } from '../proxy/server.ts'
import { FAILURES, type Failure } from '../seams/failures.ts'

export function makeExchangeLog({ logger, selection, access }: ThreadLog): ExchangeLog {
  /** A flood of connections or requests must not become a flood of lines. By what there is a flood of. */
  const quietUntil = new Map<string, number>()
  function seldom(line: LogLine, about = ''): void {
    const now = performance.now()
    if (now < (quietUntil.get(about) ?? 0)) return
    quietUntil.set(about, now + 1000)
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
      const failure = exchange.failure!
      const line = requestFailed(attempt(exchange, failure, detail), exchange.status, exchange.answering)
      logger.log(isQuiet(failure) ? { ...line, level: 'debug' } : line)
    },
    upstreamFull: (upstream, state) => seldom(upstreamFull(upstream, state), upstream),
    strategyFailed: (upstream, strategy, reason) => logger.log(strategyFailed(upstream, strategy, reason)),
    tooManyClients: (limit) => seldom(tooManyClients(limit)),
    acceptFailed: (code) => seldom(acceptFailed(code)),
    refused: (client, code, status) => logger.log(requestRefused(client, status, code)),
  }
}

const TURNED_AWAY: readonly Failure[] = [
  FAILURES.allServersFull,
  FAILURES.upstreamFull,
  FAILURES.queueFull,
  FAILURES.queueTimeout,
  FAILURES.loadShed,
]

/**
 * Worth a line only to those who look closely: a client that leaves is its own business, and those that are turned away are
 * many, and all for one reason.
 */
function isQuiet(failure: Failure): boolean {
  return failure.blame === 'client' || TURNED_AWAY.includes(failure)
}
