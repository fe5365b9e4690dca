// Finds the servers of an upstream that do worse than the others, from what was counted over one interval. Pure.
// The rule on success rates is Envoy's (mean − factor × standard deviation); ours asks for a real distance as well, for
// when all servers do nearly alike, a thousandth is many deviations.
import type { OutlierDetection } from '../config/config.ts'

/** How a server did in an interval. */
export interface Sample {
  readonly slot: number
  /** Attempts that succeeded, and that failed by its fault. */
  readonly ok: number
  readonly failed: number
  /** Attempts that were timed: these, and those that a hedge has overtaken. */
  readonly timed: number
  /** Median time to the head of a response in milliseconds; 0 when it was not measured. */
  readonly median: number
}

export interface Outlier {
  readonly slot: number
  /** For people. */
  readonly reason: string
  /** The greater, the worse; only for the order, so that a cap takes the worst ones. */
  readonly badness: number
}

/** A success rate that is less than this below the mean is no outlier, whatever the deviation. */
const LEAST_DISTANCE = 0.05

/** The outliers among the servers, the worst first. A rule in which every server would be one finds none. */
export function findOutliers(samples: readonly Sample[], config: OutlierDetection): Outlier[] {
  const { min_requests } = config
  const judged = samples.filter(({ ok, failed }) => ok + failed >= min_requests)
  const timed = samples.filter((sample) => sample.timed >= min_requests)
  const found = new Map<number, Outlier>()
  const outliers = [...byPercentage(judged, config), ...bySuccessRate(judged, config), ...byLatency(timed, config)]
  for (const outlier of outliers) if (!found.has(outlier.slot)) found.set(outlier.slot, outlier)
  return [...found.values()].sort((one, other) => other.badness - one.badness)
}

function byPercentage(samples: readonly Sample[], { failure_percentage }: OutlierDetection): Outlier[] {
  if (failure_percentage === 0) return []
  const failing = samples.filter((sample) => failureRate(sample) >= failure_percentage)
  // What most servers suffer from is not their fault.
  if (failing.length * 2 > samples.length) return []
  return failing.map((sample) => ({
    slot: sample.slot,
    reason: `${percent(failureRate(sample))} of ${sample.ok + sample.failed} attempts failed`,
    badness: 1 + failureRate(sample),
  }))
}

function bySuccessRate(samples: readonly Sample[], config: OutlierDetection): Outlier[] {
  const { success_rate_factor, min_servers } = config
  if (success_rate_factor === 0 || samples.length < min_servers) return []
  const rates = samples.map((sample) => 1 - failureRate(sample))
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
  const deviation = Math.sqrt(rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length)
  const threshold = Math.min(mean - success_rate_factor * deviation, mean - LEAST_DISTANCE)
  return samples.flatMap((sample, index): Outlier[] => {
    const rate = rates[index]!
    if (rate >= threshold) return []
    const reason = `${percent(rate)} of ${sample.ok + sample.failed} attempts succeeded, ${percent(mean)} on average`
    return [{ slot: sample.slot, reason, badness: 1 - rate }]
  })
}

function byLatency(samples: readonly Sample[], { latency_factor, latency_floor }: OutlierDetection): Outlier[] {
  const timed = samples.filter(({ median }) => median > 0)
  if (latency_factor === 0 || timed.length < 2) return []
  const medians = timed.map(({ median }) => median).sort((one, other) => one - other)
  return timed.flatMap((sample): Outlier[] => {
    if (sample.median < latency_floor) return []
    const others = medianOfOthers(medians, sample.median)
    if (sample.median <= latency_factor * others) return []
    const reason = `half of its attempts took over ${millis(sample.median)}, those of the others ${millis(others)}`
    return [{ slot: sample.slot, reason, badness: Math.min(sample.median / others, 1e6) / 1e6 }]
  })
}

/** The lower median of a sorted list without one of its members. */
function medianOfOthers(sorted: readonly number[], one: number): number {
  const middle = Math.floor((sorted.length - 2) / 2)
  return sorted.indexOf(one) <= middle ? sorted[middle + 1]! : sorted[middle]!
}

function failureRate({ ok, failed }: Sample): number {
  return failed / (ok + failed)
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`
}

function millis(value: number): string {
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} ms`
}
