// What pickers work out of weights when they are made. Only the ratios of weights count, whatever their scale.
import { type WeightedSequence, weightedSequence } from '../base/weighted-sequence.ts'
import type { PickableServers } from '../seams/strategy.ts'

export function weightsOf(servers: PickableServers): number[] {
  return Array.from({ length: servers.count }, (_, position) => servers.weight(position))
}

export function sequenceOf(servers: PickableServers): WeightedSequence {
  return weightedSequence(weightsOf(servers))
}

/** How much load one exchange is to each server: 1 where the weight is the mean of all, 2 where it is half of that. */
export function loadsOfOne(servers: PickableServers): Float64Array {
  const weights = weightsOf(servers)
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length
  return Float64Array.from(weights, (weight) => mean / weight)
}

/** The part of the whole work that is each server's; their sum is 1. */
export function sharesOf(servers: PickableServers): Float64Array {
  const weights = weightsOf(servers)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return Float64Array.from(weights, (weight) => weight / total)
}
