// Exchanges in flight measured by weight, as scores: what is distrusted after failures counts for more than it has.
import type { AttemptResult, PickableServers } from '../seams/strategy.ts'
import { OUTCOME } from '../seams/strategy.ts'
import { Distrust } from './distrust.ts'
import type { Scores } from './scores.ts'
import { loadsOfOne } from './weights.ts'

export class TrustedLoads implements Scores {
  private readonly servers: PickableServers
  private readonly loadOfOne: Float64Array
  private readonly distrust: Distrust

  /** `before`: those of the picker that went before, whose distrust goes on. */
  constructor(servers: PickableServers, before: TrustedLoads | undefined) {
    this.servers = servers
    this.loadOfOne = loadsOfOne(servers)
    this.distrust = new Distrust(servers, before?.distrust)
  }

  score(position: number, now: number): number {
    return this.distrust.weigh(this.load(position), position, now)
  }

  /** In flight, measured by weight: 1 is one exchange on a server of the mean weight. */
  load(position: number): number {
    return this.servers.inFlight(position) * this.loadOfOne[position]!
  }

  /** By how much the latency of a server counts. */
  factor(position: number, now: number): number {
    return this.distrust.factor(position, now)
  }

  finished(position: number, { outcome, now }: AttemptResult): void {
    if (outcome === OUTCOME.failed) this.distrust.failed(position, now)
    else if (outcome === OUTCOME.ok) this.distrust.succeeded(position, this.load(position), now)
  }
}
