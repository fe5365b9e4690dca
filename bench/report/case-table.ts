// The result of a case as text: a table sorted by cost, and everything that went wrong in a voice that is heard.
import type { CaseResult, PeerResult } from '../runner.ts'
import { type Paired, pairedRatio, pairedText } from './paired.ts'
import { table } from './table.ts'
import { count, cpu, latency, mebibytes, percent } from './units.ts'

/** What all are compared with: any of these peers, whichever needs the least CPU per request in the case. */
export interface Yardstick {
  readonly names: readonly string[]
  /** Head of the column. */
  readonly label: string
}

/** CPU per request relative to the cheapest peer of the yardstick, round by round; null where either is unknown. */
function cpuRatio(peer: PeerResult, result: CaseResult, yardstick: Yardstick): Paired | null {
  const [best] = result.peers
    .filter(({ name, median }) => yardstick.names.includes(name) && median.cpuPerRequest !== null)
    .toSorted(byCost)
  return best === undefined ? null : pairedRatio(peer.rounds, best.rounds)
}

export function caseTable(result: CaseResult, yardstick: Yardstick): string {
  const head = ['proxy', 'requests/s', 'p50', 'p99', 'CPU µs/request', yardstick.label, 'core', 'memory', 'errors']
  const rows = result.peers.toSorted(byCost).map((peer) => {
    const { requestsPerSecond, p50, p99, cpuPerRequest, coreUse, memory, errors } = peer.median
    return [
      peer.name,
      count(requestsPerSecond),
      latency(p50),
      latency(p99),
      cpu(cpuPerRequest),
      pairedText(cpuRatio(peer, result, yardstick)),
      percent(coreUse),
      mebibytes(memory),
      count(errors.sockets + errors.statuses),
    ]
  })
  return [`${result.name}: ${result.title}`, table([head, ...rows]), ...alarms(result)].join('\n')
}

/** One line for each peer that failed or whose clients met errors. */
export function alarms(result: CaseResult): string[] {
  const lines = result.failures.map(({ name, reason }) => `  !!! ${name} was NOT MEASURED: ${reason}`)
  for (const { name, median } of result.peers) {
    const { sockets, statuses } = median.errors
    if (sockets + statuses === 0) continue
    lines.push(`  !!! ${name}: ${count(statuses)} responses that were not 2xx, ${count(sockets)} socket errors`)
  }
  return lines
}

function byCost(a: PeerResult, b: PeerResult): number {
  return (a.median.cpuPerRequest ?? 0) - (b.median.cpuPerRequest ?? 0)
}
