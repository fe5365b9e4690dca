// The power of two choices: of two servers drawn by weight, the one with the lower score. Two draws in place of one already
// make the longest queue exponentially shorter (Azar et al. 1994; Mitzenmacher 1996), at a cost that no number of servers
// raises, and workers that see the same numbers do not all run to the same server.
import { NONE, type PickExchange } from '../seams/strategy.ts'
import type { Sampler } from './sampler.ts'
import type { Scores } from './scores.ts'

export function pickOfTwo(exchange: PickExchange, sampler: Sampler, scores: Scores): number {
  const one = sampler.drawAllowed(exchange)
  if (one === NONE) return NONE
  const other = sampler.drawOtherAllowed(exchange)
  if (other === NONE || other === one) return one
  // Level servers: the first draw, which is by weight.
  return scores.score(other, exchange.now) < scores.score(one, exchange.now) ? other : one
}
