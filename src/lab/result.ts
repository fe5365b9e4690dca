// What a run came to: plain numbers, as `--json` prints them and as the reports show them. Times are milliseconds.
import { quantile } from '../shared/histogram.ts'
import type { Statistics } from './statistics.ts'
import { STRETCHES } from './statistics.ts'

export interface Result {
  readonly strategy: string
  /** Why the strategy was given up, for the default one to take its place; empty: it was not. */
  readonly strategyFailure: string
  /** Exchanges that were counted, and how many of them failed. */
  readonly exchanges: number
  readonly failed: number
  /** By name, as in the product's metrics; `error_response` where a server answered 500. */
  readonly failures: Readonly<Record<string, number>>
  readonly retries: number
  /** Of exchanges that were answered well. */
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  /** Work of the server that had most of it for what it can do, measured against that of all: 1 is perfect. */
  readonly imbalance: number
  /** Most exchanges that one server had at a time, waiting and at work. */
  readonly peak: number
  /** Share of the attempts that found 0, 1, 2, … others at their server when they came. */
  readonly found: readonly number[]
  /** Share of the requests that met another server than the last request with their key; null when no key came twice. */
  readonly moved: number | null
  /** Share of the exchanges, and the latency that it stays below. */
  readonly quantiles: readonly (readonly [share: number, millis: number])[]
  readonly series: readonly Stretch[]
  readonly servers: readonly ServerResult[]
}

export interface Stretch {
  /** Milliseconds from the end of the warm-up to the middle of the stretch. */
  readonly at: number
  readonly exchanges: number
  readonly failed: number
  readonly p50: number
  readonly p99: number
}

export interface ServerResult {
  /** Attempts that it got, and how many times its part of the whole capacity that is. */
  readonly attempts: number
  readonly relative: number
  readonly peak: number
}

/** From the median into the tail, in steps that a logarithmic scale shows as equal. */
const SHARES = [0, 0.1, 0.25, ...Array.from({ length: 74 }, (_, step) => 1 - 0.5 * 10 ** (-step / 20))] as const

/** `capacities` of the servers, in any unit. */
export function resultOf(strategy: string, statistics: Statistics, capacities: readonly number[]): Result {
  const { latency, attempts, peaks, exchanges, failed, retries, repeatedKeys, movedKeys } = statistics
  const servers = relativeLoads(attempts, capacities).map((relative, index) => ({
    attempts: attempts[index]!,
    relative,
    peak: peaks[index]!,
  }))
  return {
    strategy,
    strategyFailure: statistics.strategyFailure,
    exchanges,
    failed,
    failures: Object.fromEntries([...statistics.failures].sort()),
    retries,
    mean: latency.mean,
    p50: latency.quantile(0.5),
    p90: latency.quantile(0.9),
    p99: latency.quantile(0.99),
    p999: latency.quantile(0.999),
    max: latency.max,
    imbalance: Math.max(...servers.map(({ relative }) => relative)),
    peak: Math.max(...peaks),
    found: foundBy(statistics.found),
    moved: repeatedKeys === 0 ? null : movedKeys / repeatedKeys,
    // Beyond the last few exchanges a quantile says nothing.
    quantiles: SHARES.filter((share) => (1 - share) * latency.count >= 10).map((share) => [
      share,
      latency.quantile(share),
    ]),
    series: seriesOf(statistics),
    servers,
  }
}

function foundBy(counts: Float64Array): number[] {
  const all = counts.reduce((sum, count) => sum + count, 0)
  const end = counts.findLastIndex((count) => count > 0) + 1
  return Array.from(counts.subarray(0, end), (count) => count / all)
}

function relativeLoads(attempts: Float64Array, capacities: readonly number[]): number[] {
  const all = attempts.reduce((sum, count) => sum + count, 0)
  const capacity = capacities.reduce((sum, part) => sum + part, 0)
  if (all === 0) return capacities.map(() => 0)
  return capacities.map((part, index) => attempts[index]! / all / (part / capacity))
}

function seriesOf({ began, failedThen, latenciesThen, from, to }: Statistics): Stretch[] {
  const length = (to - from) / STRETCHES
  return latenciesThen.map((counts, stretch) => ({
    at: (stretch + 0.5) * length,
    exchanges: began[stretch]!,
    failed: failedThen[stretch]!,
    p50: quantile(counts, 0.5) / 1000,
    p99: quantile(counts, 0.99) / 1000,
  }))
}
