// What a server could take, from the load report in a response header (orca.ts): the weight that gRFC A58 makes of it.
import { type OrcaMetrics, readOrca } from './orca.ts'

export interface LoadReport {
  /** Of the application, else of the processor; 1 is fully used. */
  readonly utilization: number
  /** Requests and errors a second. */
  readonly rps: number
  readonly eps: number
}

/** Beyond this a number is a mistake, or a lie. */
const MAX_RATE = 1e9
const MAX_UTILIZATION = 1e3

/** null when the text is not a load report, or has a number in it that cannot be. */
export function readLoadReport(text: string): LoadReport | null {
  const metrics = readOrca(text)
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

function numberOf(metrics: OrcaMetrics, name: string, camelCase: string): number {
  return metrics.get(name) ?? metrics.get(camelCase) ?? 0
}

function isRate(value: number): boolean {
  return value >= 0 && value <= MAX_RATE
}
