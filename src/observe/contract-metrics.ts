// The three numbers that GET /metrics has answered from the start. Programs rely on their names: they stay as they are.
import type { Snapshot } from './snapshot.ts'

/** JSON on one line; `ActiveConnections` are the exchanges under way. */
export function formatContractMetrics({ totals }: Snapshot): string {
  const metrics = {
    TotalRequests: totals.requests,
    FailedRequests: totals.failed,
    ActiveConnections: totals.exchangesActive,
  }
  return `${JSON.stringify(metrics)}\n`
}
