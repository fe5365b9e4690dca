// The server with the fewest exchanges in flight, measured against its weight: 2 of weight 4 are less than 1 of weight 1.
// Servers that are level take turns as in round robin, weights included (base/smooth-sequence.ts), so that idle servers
// are used alike and a burst does not fall on the first of the list. The turn goes on behind the server that was
// chosen: one that is passed over because it is busy does not leave its turns to its neighbour.
// A pick looks at every server once; one idle server whose turn it is ends the search at once.
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

export const leastActive: Strategy = {
  name: 'least_active',
  title: 'least active',
  summary: 'The server with the fewest exchanges in flight for its weight; servers that are level take turns.',
  showsLoad: true,
  make: (servers, tools) => new LeastActivePicker(servers, tools),
}

class LeastActivePicker implements Picker {
  private readonly servers: PickableServers
  private readonly weights: Int32Array
  private readonly sequence: WeightedSequence
  private readonly turn: Turn

  constructor(servers: PickableServers, tools: StrategyTools) {
    this.servers = servers
    this.weights = Int32Array.from({ length: servers.count }, (_, position) => servers.weight(position))
    this.sequence = weightedSequence([...this.weights])
    this.turn = tools.turn
  }

  pick(exchange: PickExchange): number {
    const step = this.turn.get()
    const best = this.best(exchange, step)
    if (best !== NONE) this.turn.set(this.sequence.stepAfter(best, step))
    return best
  }

  private best(exchange: PickExchange, step: number): number {
    const next = this.sequence.at(step)
    if (this.servers.inFlight(next) === 0 && !exchange.hasTried(next)) return next

    let best = NONE
    let bestInFlight = 0
    let bestWeight = 1
    let bestDistance = 0
    for (let position = 0; position < this.weights.length; position++) {
      if (exchange.hasTried(position)) continue
      const inFlight = this.servers.inFlight(position)
      const weight = this.weights[position]!
      // a / b < c / d is a * d < c * b: no division, and so no rounding that would turn level servers into unequal ones.
      const more = best === NONE ? -1 : inFlight * bestWeight - bestInFlight * weight
      if (more > 0) continue
      const distance = this.sequence.distance(position, step)
      if (more === 0 && distance > bestDistance) continue
      best = position
      bestInFlight = inFlight
      bestWeight = weight
      bestDistance = distance
    }
    return best
  }
}
