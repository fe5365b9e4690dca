// Every strategy by the name that the config uses. A new one is one file and one line here.
import type { Strategy } from '../seams/strategy.ts'
import { firstAvailable } from './first-available.ts'
import { hash } from './hash.ts'
import { ipHash } from './ip-hash.ts'
import { leastActive } from './least-active.ts'
import { leastTime } from './least-time.ts'
import { peakEwma } from './peak-ewma.ts'
import { prequal } from './prequal.ts'
import { random } from './random.ts'
import { roundRobin } from './round-robin.ts'
import { twoChoices } from './two-choices.ts'

export const strategies: Record<string, Strategy> = {
  round_robin: roundRobin,
  least_active: leastActive,
  random,
  two_choices: twoChoices,
  least_time: leastTime,
  peak_ewma: peakEwma,
  prequal,
  ip_hash: ipHash,
  hash,
  first_available: firstAvailable,
}
