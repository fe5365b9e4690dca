// The server with the fewest exchanges in flight, measured against its weight: 2 of weight 4 are less than 1 of weight 1.
// How the least is found, and how level servers take turns, is in picking/least.ts.
import { Least } from '../picking/least.ts'
import { TrustedLoads } from '../picking/trusted-loads.ts'
import type {
  AttemptResult,
  PickableServers,
  PickExchange,
  Picker,
  Strategy,
  StrategyTools,
} from '../seams/strategy.ts'

/** Up to so many servers every one is looked at for each pick, and the choice is exact. */
const EXACT_UP_TO = 64

export const leastActive: Strategy = {
  name: 'least_active',
  title: 'least active',
  summary: 'The server with the fewest exchanges in flight for its weight; servers that are level take turns.',
  showsLoad: true,
  make: (servers, tools, _options, before) => new LeastActivePicker(servers, tools, before),
}

class LeastActivePicker implements Picker {
  private readonly loads: TrustedLoads
  private readonly least: Least

  constructor(servers: PickableServers, tools: StrategyTools, before: Picker | null) {
    this.loads = new TrustedLoads(servers, before instanceof LeastActivePicker ? before.loads : undefined)
    this.least = new Least(servers, tools, this.loads, EXACT_UP_TO)
  }

  pick(exchange: PickExchange): number {
    return this.least.pick(exchange)
  }

  finished(position: number, result: AttemptResult): void {
    this.loads.finished(position, result)
    this.least.finished(position)
  }
}
