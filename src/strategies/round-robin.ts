// Servers take turns: 1, 2, 3, 1, 2, 3. With weights the turns are spread as nginx does it (base/smooth-sequence.ts),
// so that a server of weight 5 among two of weight 1 gets a a b a c a a and never five requests at a stretch.
// Whose turn it is depends on one number that all workers share, so the order holds over the whole process.
import { type WeightedSequence, weightedSequence } from '../base/weighted-sequence.ts'
import {
  NONE,
  type PickableServers,
  type PickExchange,
  type Picker,
  type Strategy,
  type StrategyTools,
  type Turn,
} from '../seams/strategy.ts'

export const roundRobin: Strategy = {
  name: 'round_robin',
  title: 'round robin',
  summary: 'Servers take turns, as often as their weights say.',
  showsLoad: false,
  make: (servers, tools) => new RoundRobinPicker(servers, tools),
}

class RoundRobinPicker implements Picker {
  private readonly count: number
  private readonly sequence: WeightedSequence
  private readonly turn: Turn

  constructor(servers: PickableServers, tools: StrategyTools) {
    this.count = servers.count
    this.sequence = weightedSequence(Array.from({ length: servers.count }, (_, position) => servers.weight(position)))
    this.turn = tools.turn
  }

  pick(exchange: PickExchange): number {
    // A server that was tried already gives up its turn. Had its neighbour taken it over, without a step of the
    // shared turn, the neighbour would be served twice for every failure next to it.
    for (let tries = 0; tries < this.count; tries++) {
      const position = this.sequence.at(this.turn.next())
      if (!exchange.excludes(position)) return position
    }
    // Other workers took the turns in between, or a tried server of great weight came up again and again.
    for (let position = 0; position < this.count; position++) {
      if (!exchange.excludes(position)) return position
    }
    return NONE
  }
}
