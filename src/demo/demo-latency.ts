// How long a demo server takes for an answer.

export interface DemoLatency {
  /** Milliseconds that every answer takes. */
  latency?: number
  /** Milliseconds that an answer may take longer, evenly at random. */
  latencyJitter?: number
  /** Milliseconds after the start in which answers take longer: ten times at first, falling evenly to once. */
  slowStart?: number
}

/** What a slow start adds at first when the server has no latency that could grow. */
const COLD_MS = 100
const COLD_FACTOR = 10

/** Milliseconds; `uptime` is in milliseconds, `random` uniform in [0, 1). */
export function demoLatency(options: DemoLatency, uptime: number, random: number): number {
  const { latency = 0, latencyJitter = 0, slowStart = 0 } = options
  const usual = latency + latencyJitter * random
  if (uptime >= slowStart) return usual
  const cold = 1 - uptime / slowStart
  return usual + cold * (usual === 0 ? COLD_MS : (COLD_FACTOR - 1) * usual)
}
