// Two servers drawn by weight, and of them the one with less in flight for its weight (picking/two-choices.ts).
import { Sampler } from '../picking/sampler.ts'
import { TrustedLoads } from '../picking/trusted-loads.ts'
import { pickOfTwo } from '../picking/two-choices.ts'
import { sequenceOf } from '../picking/weights.ts'
import type {
  AttemptResult,
  PickableServers,
  PickExchange,
  Picker,
  Strategy,
  StrategyTools,
} from '../seams/strategy.ts'

export const twoChoices: Strategy = {
  name: 'two_choices',
  title: 'two choices',
  summary: 'Of two servers drawn at random, the one with fewer exchanges in flight for its weight.',
  showsLoad: true,
  make: (servers, tools, _options, before) => new TwoChoicesPicker(servers, tools, before),
}

class TwoChoicesPicker implements Picker {
  private readonly loads: TrustedLoads
  private readonly sampler: Sampler

  constructor(servers: PickableServers, tools: StrategyTools, before: Picker | null) {
    this.loads = new TrustedLoads(servers, before instanceof TwoChoicesPicker ? before.loads : undefined)
    this.sampler = new Sampler(sequenceOf(servers), servers.count, tools.random)
  }

  pick(exchange: PickExchange): number {
    return pickOfTwo(exchange, this.sampler, this.loads)
  }

  finished(position: number, result: AttemptResult): void {
    this.loads.finished(position, result)
  }
}
