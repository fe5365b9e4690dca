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
    const { servers, weights, sequence } = this
    const next = sequence.at(step)
    let best = exchange.excludes(next) ? NONE : next
    let bestInFlight = best === NONE ? Infinity : servers.inFlight(next)
    let bestWeight = weights[next]!
    let bestDistance = 0
    if (bestInFlight === 0) return best
    for (let position = 0; position < weights.length; position++) {
      const inFlight = servers.inFlight(position)
      const weight = weights[position]!
      // a / b < c / d is a * d < c * b: no division, and so no rounding that would make level servers unequal.
      const more = inFlight * bestWeight - bestInFlight * weight
      if (more > 0 || (more === 0 && bestDistance === 0) || exchange.excludes(position)) continue
      const distance = sequence.distance(position, step)
      if (more === 0 && distance > bestDistance) continue
      best = position
      bestInFlight = inFlight
      bestWeight = weight
      bestDistance = distance
    }
    return best
  }
}
