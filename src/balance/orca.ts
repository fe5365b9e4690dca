// The response header `endpoint-load-metrics` (ORCA: github.com/cncf/xds, xds/data/orca/v3/orca_load_report.proto), in which a
// server tells numbers about itself, in the two forms that are text:
//
//   TEXT cpu_utilization=0.7, rps_fractional=120.5, named_metrics.rif=12
//   JSON {"cpu_utilization": 0.7, "rps_fractional": 120.5, "named_metrics": {"rif": 12}}

export const ORCA_HEADER = 'endpoint-load-metrics'

/** As they stand there: what cannot be a number is NaN. Names among the named metrics begin with `named_metrics.`. */
export type OrcaMetrics = ReadonlyMap<string, number>

const MAX_LENGTH = 4096
const NAMED = 'named_metrics'

/** null when the text is of neither form. */
export function readOrca(text: string): OrcaMetrics | null {
  if (text.length < 5 || text.length > MAX_LENGTH) return null
  const form = text.slice(0, 5).toUpperCase()
  return form === 'TEXT ' ? readText(text.slice(5)) : form === 'JSON ' ? readJson(text.slice(5)) : null
}

function readText(text: string): OrcaMetrics {
  const metrics = new Map<string, number>()
  for (const part of text.split(',')) {
    const [name, value] = part.split('=', 2)
    if (value !== undefined && value.trim() !== '') metrics.set(name!.trim(), Number(value))
  }
  return metrics
}

function readJson(text: string): OrcaMetrics | null {
  try {
    const report: unknown = JSON.parse(text)
    if (typeof report !== 'object' || report === null) return null
    const named = (report as Record<string, unknown>)[NAMED]
    const metrics = new Map<string, number>()
    put(metrics, '', report)
    if (typeof named === 'object' && named !== null) put(metrics, `${NAMED}.`, named)
    return metrics
  } catch {
    return null
  }
}

function put(metrics: Map<string, number>, prefix: string, values: object): void {
  for (const [name, value] of Object.entries(values)) if (typeof value === 'number') metrics.set(prefix + name, value)
}
