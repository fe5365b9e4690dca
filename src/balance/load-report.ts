// Load reports of servers (ORCA: github.com/cncf/xds, xds/data/orca/v3/orca_load_report.proto) as they stand in the response
// header `endpoint-load-metrics`, in the two forms that are text, and the weight that gRFC A58 makes of one:
//
//   TEXT cpu_utilization=0.7, rps_fractional=120.5, eps=2
//   JSON {"cpu_utilization": 0.7, "rps_fractional": 120.5, "eps": 2}

export interface LoadReport {
  /** Of the application, else of the processor; 1 is fully used. */
  readonly utilization: number
  /** Requests and errors a second. */
  readonly rps: number
  readonly eps: number
}

const MAX_LENGTH = 4096
/** Beyond this a number is a mistake, or a lie. */
const MAX_RATE = 1e9
const MAX_UTILIZATION = 1e3

/** null when the text is not a load report, or has a number in it that cannot be. */
export function readLoadReport(text: string): LoadReport | null {
  if (text.length < 5 || text.length > MAX_LENGTH) return null
  const form = text.slice(0, 5).toUpperCase()
  const metrics = form === 'TEXT ' ? readText(text.slice(5)) : form === 'JSON ' ? readJson(text.slice(5)) : null
  if (metrics === null) return null
  const application = numberOf(metrics, 'application_utilization', 'applicationUtilization')
  const cpu = numberOf(metrics, 'cpu_utilization', 'cpuUtilization')
  const rps = numberOf(metrics, 'rps_fractional', 'rpsFractional') || numberOf(metrics, 'rps', 'rps')
  const eps = numberOf(metrics, 'eps', 'eps')
  const utilization = application > 0 ? application : cpu
  const valid = utilization >= 0 && utilization <= MAX_UTILIZATION && isRate(rps) && isRate(eps) && application >= 0
  return valid ? { utilization, rps, eps } : null
}

/** Requests a second that the server could take if it were fully used; 0 when the report does not tell. */
export function loadWeight({ utilization, rps, eps }: LoadReport, errorPenalty: number): number {
  if (rps === 0 || utilization === 0) return 0
  return rps / (utilization + (eps / rps) * errorPenalty)
}

type Metrics = ReadonlyMap<string, number>

function readText(text: string): Metrics {
  const metrics = new Map<string, number>()
  for (const part of text.split(',')) {
    const [name, value] = part.split('=', 2)
    if (value !== undefined && value.trim() !== '') metrics.set(name!.trim(), Number(value))
  }
  return metrics
}

function readJson(text: string): Metrics | null {
  try {
    const report: unknown = JSON.parse(text)
    if (typeof report !== 'object' || report === null) return null
    return new Map(Object.entries(report).filter((entry): entry is [string, number] => typeof entry[1] === 'number'))
  } catch {
    return null
  }
}

function numberOf(metrics: Metrics, name: string, camelCase: string): number {
  return metrics.get(name) ?? metrics.get(camelCase) ?? 0
}

function isRate(value: number): boolean {
  return value >= 0 && value <= MAX_RATE
}
