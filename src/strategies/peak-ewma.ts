// Finagle's P2CPeakEwma (M. Oliver, O. Anderson, Twitter): of two servers drawn by weight the one whose latency, times what
// is in flight and the exchange itself, is lower. A latency that is worse than the estimate counts at once, a better one
// only by and by; without news the estimate fades, so that the server is tried again.
import { ExpectedTimes } from '../picking/expected-times.ts'
import { LATENCY, type LatencyOptions } from '../picking/latencies.ts'
import { decayOption, measureOption } from '../picking/latency-options.ts'
import { Sampler } from '../picking/sampler.ts'
import { pickOfTwo } from '../picking/two-choices.ts'
import { sequenceOf } from '../picking/weights.ts'
import { defineStrategy } from '../seams/define-strategy.ts'
import type { AttemptResult, PickableServers, PickExchange, Picker, StrategyTools } from '../seams/strategy.ts'

export const peakEwma = defineStrategy({
  name: 'peak_ewma',
  title: 'peak ewma',
  summary:
    'Of two servers drawn at random, the one with the lower peak latency, times what is in flight there for its weight.',
  showsLoad: true,
  options: {
    measure: measureOption,
    decay: decayOption,
    default_rtt: {
      kind: 'duration',
      min: 1,
      max: 60_000,
      default: 30,
      summary: 'Latency that servers are thought to have before any has answered.',
    },
  },
  make(servers, tools, { measure, decay, default_rtt }, before) {
    const options = { kind: LATENCY.peak, decay, expected: default_rtt, whole: measure === 'last_byte' }
    return new PeakEwmaPicker(servers, tools, options, before)
  },
})

class PeakEwmaPicker implements Picker {
  private readonly times: ExpectedTimes
  private readonly sampler: Sampler

  constructor(servers: PickableServers, tools: StrategyTools, options: LatencyOptions, before: Picker | null) {
    this.times = new ExpectedTimes(servers, options, before instanceof PeakEwmaPicker ? before.times : undefined)
    this.sampler = new Sampler(sequenceOf(servers), servers.count, tools.random)
  }

  pick(exchange: PickExchange): number {
    return pickOfTwo(exchange, this.sampler, this.times)
  }

  finished(position: number, result: AttemptResult): void {
    this.times.finished(position, result)
  }
}
