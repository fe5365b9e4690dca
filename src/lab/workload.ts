// The requests of a simulation, one after the other: when each comes, for which key, and how long it takes to serve. They
// do not depend on the strategy: every strategy of a comparison meets the same requests, so that what differs is its doing.
import { type Distribution, drawsOf, exponential } from './distributions.ts'
import { zipfKeys } from './keys.ts'

export interface Workload {
  /** Milliseconds since the beginning. */
  time: number
  /** From 0 to `keys` - 1. */
  key: number
  /** Milliseconds of work for a server of speed 1. */
  demand: number
  /** How many keys there are. */
  readonly keys: number
  /** How many requests there are. */
  readonly requests: number
  /** Goes on to the next request; false when there is none. */
  next(): boolean
}

export type Arrivals =
  | { readonly kind: 'poisson' }
  | { readonly kind: 'constant' }
  /** Poisson at two rates in turn: for `length` ms on average `factor` times as many, for this `share` of the time. */
  | { readonly kind: 'bursts'; readonly factor: number; readonly length: number; readonly share: number }

export const ARRIVALS = ['poisson', 'constant', 'bursts'] as const

export interface SyntheticOptions {
  readonly requests: number
  /** Per millisecond, on average. */
  readonly rate: number
  readonly arrivals: Arrivals
  readonly service: Distribution
  readonly keys: { readonly count: number; readonly skew: number }
}

export class SyntheticWorkload implements Workload {
  time = 0
  key = 0
  demand = 0
  readonly keys: number
  readonly requests: number
  private made = 0
  private readonly gap: () => number
  private readonly drawKey: () => number
  private readonly drawDemand: () => number

  /** `source` gives an independent source of random numbers for each name. */
  constructor(options: SyntheticOptions, source: (name: string) => () => number) {
    this.requests = options.requests
    this.keys = options.keys.count
    this.gap = gapsOf(options.arrivals, options.rate, source('arrivals'))
    this.drawDemand = drawsOf(options.service, source('service'))
    this.drawKey = zipfKeys(options.keys.count, options.keys.skew, source('keys'))
  }

  next(): boolean {
    if (this.made === this.requests) return false
    this.made++
    this.time += this.gap()
    this.key = this.drawKey()
    this.demand = this.drawDemand()
    return true
  }
}

/** Milliseconds from one arrival to the next, at `rate` arrivals per millisecond on average. */
export function gapsOf(arrivals: Arrivals, rate: number, random: () => number): () => number {
  const mean = 1 / rate
  switch (arrivals.kind) {
    case 'constant':
      return () => mean
    case 'poisson':
      return () => exponential(mean, random)
    case 'bursts':
      return burstGaps(arrivals, rate, random)
  }
}

/** A Markov-modulated Poisson process of two states. */
function burstGaps(
  { factor, length, share }: Extract<Arrivals, { kind: 'bursts' }>,
  rate: number,
  random: () => number,
): () => number {
  const calmRate = rate / (1 - share + share * factor)
  const calmLength = (length * (1 - share)) / share
  let burst = false
  let left = exponential(calmLength, random)
  return () => {
    let gap = 0
    for (;;) {
      const wait = exponential(1 / (burst ? calmRate * factor : calmRate), random)
      if (wait <= left) {
        left -= wait
        return gap + wait
      }
      // What has not come by the change of the state is drawn anew: the process has no memory.
      gap += left
      burst = !burst
      left = exponential(burst ? length : calmLength, random)
    }
  }
}
