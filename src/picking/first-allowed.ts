// The last resort of a picker whose draws all met excluded servers: the next allowed one in the list. It ends at the first
// that is allowed, so it walks far only where nearly all are excluded.
import { NONE, type PickExchange } from '../seams/strategy.ts'

export function firstAllowed(exchange: PickExchange, count: number, from: number): number {
  for (let step = 0, position = from; step < count; step++) {
    if (!exchange.excludes(position)) return position
    position = position + 1 === count ? 0 : position + 1
  }
  return NONE
}
