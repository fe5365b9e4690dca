// Holds the balancer's counters against its log and against each other. Everything is counted twice, in two ways, and
// when nothing is going on any more, each pair must be the same to the last exchange.
import type { Snapshot } from '../../src/index.ts'
import { leftovers } from '../workers/crew.ts'
import type { LogBook } from './log-book.ts'

/** What does not agree; empty when all is well. `stayed`: servers that were in the config all the time. */
export function discrepancies(snapshot: Snapshot, log: LogBook, stayed: readonly string[]): string[] {
  const { totals, failures, ownAnswers } = snapshot
  const found: string[] = Object.entries(leftovers(snapshot, true)).map(
    ([what, count]) => `${what}: ${count} left over`,
  )

  function same(what: string, counted: number, logged: number): void {
    if (counted !== logged) found.push(`${what}: ${counted} counted, ${logged} by the log`)
  }

  same('requests', totals.requests, log.exchanges + log.refused)
  same('requests by worker', sum(snapshot.workers.map((worker) => worker.requests)), totals.requests)
  same('response bytes', totals.responseBytes, log.responseBytes)
  same('retries', totals.retries, log.retries)
  same('retries of exchanges', totals.retries, log.retriesOfExchanges)
  same('failed requests', totals.failed, log.failed)
  for (const [kind, count] of Object.entries(failures)) same(`failures ${kind}`, count, log.failures.get(kind) ?? 0)
  const own = new Set([...Object.keys(ownAnswers), ...log.ownAnswers.keys()])
  for (const status of own) same(`own answers ${status}`, ownAnswers[status] ?? 0, log.ownAnswers.get(status) ?? 0)

  for (const url of stayed) {
    const servers = snapshot.servers.filter((server) => server.url === url)
    same(`picks of ${url}`, sum(servers.map((server) => server.picked)), log.selections.get(url) ?? 0)
    for (const status of [101, 200, 418, 500]) {
      const counted = sum(servers.map((server) => server.statuses[status] ?? 0))
      same(`answers ${status} of ${url}`, counted, log.answers.get(`${url} ${status}`) ?? 0)
    }
    for (const { upstream, duration, statuses } of servers) {
      if (duration.count !== sum(Object.values(statuses)))
        found.push(`durations of ${url} in ${upstream} and its answers differ`)
    }
  }
  const ends = sum(log.answers.values()) + sum(log.ownAnswers.values()) + log.unanswered
  if (ends !== totals.requests) found.push(`requests: ${totals.requests} counted, ${ends} ends of exchanges`)
  return found
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
