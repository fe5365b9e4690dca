// What a server says of its own load in a response header: `endpoint-load-metrics` of ORCA, the open request cost aggregation
// (Envoy, gRPC), in its two readable forms:
//
//     endpoint-load-metrics: JSON {"named_metrics": {"rif": 12, "latency_ms": 3.5}}
//     endpoint-load-metrics: TEXT named_metrics.rif=12,named_metrics.latency_ms=3.5
//
// The names may also stand without `named_metrics`.
import { findValue } from '../http1/fields.ts'

const LOAD_HEADER = 'endpoint-load-metrics'

export interface LoadMetrics {
  /** Requests in flight; -1 when it does not say. */
  readonly inFlight: number
  /** Milliseconds that a request takes; -1 when it does not say. */
  readonly millis: number
}

const NOTHING: LoadMetrics = { inFlight: -1, millis: -1 }

/** Takes header lines. Whatever cannot be understood says nothing. */
export function readLoadMetrics(lines: string): LoadMetrics {
  const value = findValue(lines, LOAD_HEADER)
  const [, form = '', text = ''] = /^(JSON|TEXT)\s+(.*)$/.exec(value) ?? []
  if (form === '') return NOTHING
  const metrics = form === 'JSON' ? readJson(text) : readText(text)
  return { inFlight: metric(metrics, 'rif'), millis: metric(metrics, 'latency_ms') }
}

type Metrics = Readonly<Record<string, unknown>>

function readJson(text: string): Metrics {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return {}
    const { named_metrics: named } = value as { named_metrics?: unknown }
    return { ...value, ...(typeof named === 'object' ? named : {}) }
  } catch {
    return {}
  }
}

function readText(text: string): Metrics {
  const pairs = text.split(',').map((pair): [string, unknown] => {
    const [name = '', value = ''] = pair.split('=', 2)
    return [name.trim().replace(/^named_metrics\./, ''), value.trim() === '' ? Number.NaN : Number(value)]
  })
  return Object.fromEntries(pairs)
}

function metric(metrics: Metrics, name: string): number {
  const value = Object.hasOwn(metrics, name) ? metrics[name] : undefined
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : -1
}
