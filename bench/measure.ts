// One round of load on one proxy, and the median of several.
import type { BenchCase } from './cases/bench-case.ts'
import type { LoadErrors, LoadGenerator } from './load/load.ts'
import { cpuTime, residentMemory } from './machine/resources.ts'
import { tempFolder } from './machine/temp-folder.ts'
import type { RunningPeer } from './running-peer.ts'

export interface Measurement {
  /** Finished responses. */
  readonly requests: number
  readonly requestsPerSecond: number
  /** Latencies in microseconds. */
  readonly p50: number
  readonly p99: number
  /** Microseconds of CPU per request, of all processes and threads of the proxy; null where it cannot be read. */
  readonly cpuPerRequest: number | null
  /** Share of the proxy's core that it used; clearly below 1, the load generator or the origin was the limit. */
  readonly coreUse: number | null
  /** Bytes, right after the load. */
  readonly memory: number | null
  readonly errors: LoadErrors
}

export async function measure(
  running: RunningPeer,
  benchCase: BenchCase,
  load: LoadGenerator,
  seconds: number,
): Promise<Measurement> {
  const folder = tempFolder('load')
  const before = cpuTime(running.pids)
  const result = await load.run({ port: running.port, seconds, benchCase, folder })
  const after = cpuTime(running.pids)
  const used = before === null || after === null ? null : after - before
  return {
    requests: result.requests,
    requestsPerSecond: result.requests / result.seconds,
    p50: result.p50,
    p99: result.p99,
    cpuPerRequest: used === null || result.requests === 0 ? null : used / 1000 / result.requests,
    coreUse: used === null ? null : used / 1e9 / result.seconds,
    memory: residentMemory(running.pids),
    errors: result.errors,
  }
}

/** The median of each figure by itself; errors are summed, for none may be lost. `rounds` is not empty. */
export function medianOf(rounds: readonly Measurement[]): Measurement {
  return {
    requests: median(rounds.map((round) => round.requests))!,
    requestsPerSecond: median(rounds.map((round) => round.requestsPerSecond))!,
    p50: median(rounds.map((round) => round.p50))!,
    p99: median(rounds.map((round) => round.p99))!,
    cpuPerRequest: median(rounds.map((round) => round.cpuPerRequest)),
    coreUse: median(rounds.map((round) => round.coreUse)),
    memory: median(rounds.map((round) => round.memory)),
    errors: {
      sockets: rounds.reduce((sum, round) => sum + round.errors.sockets, 0),
      statuses: rounds.reduce((sum, round) => sum + round.errors.statuses, 0),
    },
  }
}

function median(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b)
  if (sorted.length === 0) return null
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
