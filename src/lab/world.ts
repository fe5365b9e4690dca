// What everything in one simulation shares, and the kinds of its events.
import type { Attempt, Attempts } from './attempt.ts'
import type { SimulatedExchange } from './simulated-exchange.ts'
import type { Statistics } from './statistics.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** Kinds of events; the record of each but `arrival` is an attempt. */
export const EVENT = {
  /** A request comes to a balancer. */
  arrival: 1,
  /** It comes to the server. */
  atServer: 2,
  /** The server has done its work. */
  served: 3,
  /** The answer comes to the balancer. */
  answered: 4,
} as const

export interface World {
  readonly clock: VirtualClock
  readonly attempts: Attempts
  readonly statistics: Statistics
  /** One way between balancer and server, in milliseconds. */
  readonly network: number
  /** Brings the answer of a server to its balancer. */
  answer(attempt: Attempt, delay: number): void
  /** An exchange is over. */
  finished(exchange: SimulatedExchange): void
}
