// Scores of the strategies that look at latency: how long the next exchange may take. It is the latency of the server, times
// what is in flight there by weight and the exchange itself, times what failures make of it.
//
// Others divide by the weight as a whole: (in flight + 1) / weight. Then of two equal idle servers the one of greater weight
// is always chosen, and never the other. Here weight measures what is in flight only, so that idle servers of equal
// latency are level, and share their work by weight.
import type { AttemptResult, PickableServers } from '../seams/strategy.ts'
import { Latencies, type LatencyOptions } from './latencies.ts'
import type { Scores } from './scores.ts'
import { TrustedLoads } from './trusted-loads.ts'

export class ExpectedTimes implements Scores {
  private readonly loads: TrustedLoads
  private readonly latencies: Latencies

  constructor(servers: PickableServers, options: LatencyOptions, before: ExpectedTimes | undefined) {
    this.loads = new TrustedLoads(servers, before?.loads)
    this.latencies = new Latencies(servers, options, before?.latencies)
  }

  score(position: number, now: number): number {
    return this.latencies.at(position, now) * (1 + this.loads.score(position, now))
  }

  finished(position: number, result: AttemptResult): void {
    this.loads.finished(position, result)
    this.latencies.finished(position, result)
  }
}
