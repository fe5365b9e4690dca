// The contract of a kind of health check.
import type { HealthCheckConfig, ServerConfig } from '../config/config.ts'

export interface ProbeResult {
  readonly ok: boolean
  /** Short reason for people: `status 500 in 12 ms`, `connection refused`. */
  readonly detail: string
}

/** Asks one server once. Never rejects; `signal` aborts it at the time-out. */
export type Probe = (server: ServerConfig, signal: AbortSignal) => Promise<ProbeResult>

export interface HealthCheck {
  readonly kind: string
  readonly summary: string
  make(config: HealthCheckConfig): Probe
}
