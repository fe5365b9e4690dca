// Every strategy by the name that the config uses. A new one is one file and one line here.
import type { Strategy } from '../seams/strategy.ts'
import { leastActive } from './least-active.ts'
import { roundRobin } from './round-robin.ts'

export const strategies: Record<string, Strategy> = {
  round_robin: roundRobin,
  least_active: leastActive,
}
