// The sliding window over which a circuit breaker judges one server: ten steps, of which the oldest goes as a new one
// comes. Pure.
import type { CircuitBreaker } from '../config/config.ts'
import { BUCKETS, quantile, total } from '../shared/histogram.ts'

export const WINDOW_STEPS = 10

export interface WindowStep {
  readonly ok: number
  readonly failed: number
  /** Buckets of the times to the head of a response; empty when they are not measured. */
  readonly headTimes: Float64Array
}

export class BreakerWindow {
  private readonly config: CircuitBreaker
  private readonly ok = new Float64Array(WINDOW_STEPS)
  private readonly failed = new Float64Array(WINDOW_STEPS)
  private readonly headTimes: Float64Array[] = []
  private step = 0

  constructor(config: CircuitBreaker) {
    this.config = config
    if (config.latency === 0) return
    for (let step = 0; step < WINDOW_STEPS; step++) this.headTimes.push(new Float64Array(BUCKETS))
  }

  add(step: WindowStep): void {
    this.ok[this.step] = step.ok
    this.failed[this.step] = step.failed
    if (step.headTimes.length > 0) this.headTimes[this.step]?.set(step.headTimes)
    this.step = (this.step + 1) % WINDOW_STEPS
  }

  clear(): void {
    this.ok.fill(0)
    this.failed.fill(0)
    for (const times of this.headTimes) times.fill(0)
  }

  /** Why the breaker must open, for people; empty when it need not. */
  verdict(): string {
    const { error_rate, latency, latency_quantile, window, min_requests } = this.config
    const failed = sum(this.failed)
    const attempts = sum(this.ok) + failed
    const seconds = `${window / 1000} s`
    if (error_rate > 0 && attempts >= min_requests && failed >= error_rate * attempts) {
      return `${Math.round((1000 * failed) / attempts) / 10} % of ${attempts} attempts in ${seconds} failed`
    }
    if (latency === 0) return ''
    const times = new Float64Array(BUCKETS)
    for (const part of this.headTimes) for (let bucket = 0; bucket < BUCKETS; bucket++) times[bucket]! += part[bucket]!
    // With those that a hedge has overtaken.
    const timed = total(times)
    const millis = quantile(times, latency_quantile) / 1000
    if (timed < min_requests || millis <= latency) return ''
    const share = Math.round((1 - latency_quantile) * 1000) / 10
    return `${share} % of ${timed} attempts in ${seconds} took ${Math.round(millis)} ms or more`
  }
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}
