// What a server says in a response header of the requests that it has and how long they take (balance/orca.ts), for strategies
// that ask. ORCA has no names for it, so these are named metrics: `rif` and `latency_ms`. They may also stand at the top.
import { ORCA_HEADER, type OrcaMetrics, readOrca } from '../balance/orca.ts'
import { findValue } from '../http1/fields.ts'

export interface LoadMetrics {
  /** Requests in flight; -1 when it does not say. */
  readonly inFlight: number
  /** Milliseconds that a request takes; -1 when it does not say. */
  readonly millis: number
}

const NOTHING: LoadMetrics = { inFlight: -1, millis: -1 }

/** Takes header lines. Whatever cannot be understood says nothing. */
export function readLoadMetrics(lines: string): LoadMetrics {
  const metrics = readOrca(findValue(lines, ORCA_HEADER))
  return metrics === null ? NOTHING : { inFlight: metric(metrics, 'rif'), millis: metric(metrics, 'latency_ms') }
}

function metric(metrics: OrcaMetrics, name: string): number {
  const value = metrics.get(`named_metrics.${name}`) ?? metrics.get(name) ?? -1
  return Number.isFinite(value) && value >= 0 ? value : -1
}
