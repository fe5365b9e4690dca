// What is simulated, with every default filled in. Durations are milliseconds. Written by people as docs/laboratory.md
// says (read-scenario.ts), or built in (built-in-scenarios.ts).
import type { FileConfig } from '../config/schema.ts'
import type { Distribution } from './distributions.ts'
import type { Recording } from './replay.ts'
import type { Arrivals } from './workload.ts'

export interface Scenario {
  readonly name: string
  /** One sentence for people. */
  readonly summary: string
  /** The servers, group by group; they are numbered from 1 in this order. */
  readonly servers: readonly ServerGroup[]
  readonly service: Distribution
  readonly arrivals: Arrivals
  /** How many requests come, as a share of what all servers together can serve. */
  readonly load: number
  /** Requests come from here, in place of `service`, `arrivals` and `keys`; `load` 0 leaves their pace as it was. */
  readonly recording: Recording | null
  readonly balancers: number
  /** How many of the servers each balancer knows; 0: all. */
  readonly subset: number
  /** One way between a balancer and a server. */
  readonly network: number
  readonly keys: { readonly count: number; readonly skew: number }
  readonly faults: readonly Fault[]
  readonly requests: number
  /** Share of the time, at the beginning, that does not count. */
  readonly warmUp: number
  readonly seed: number
  readonly upstream: UpstreamKeys
}

export interface ServerGroup {
  readonly count: number
  /** Requests that a server works on at a time; the others wait there, first come first served. */
  readonly slots: number
  /** 2: half the time for each request. */
  readonly speed: number
  /** Requests that the balancer has given up are dropped when it is their turn; else they are served all the same. */
  readonly heedsCancel: boolean
  readonly weight: number
  /** 0: any number. */
  readonly maxActive: number
  readonly priority: number
  readonly backup: boolean
  /** Empty: nowhere in particular. */
  readonly zone: string
}

export interface Fault {
  readonly kind: FaultKind
  /** Numbers of the servers that have it. */
  readonly servers: readonly number[]
  /** When it begins, from the end of the warm-up on; null: it is there from the very beginning. */
  readonly at: number | null
  /** 0: until the end. */
  readonly length: number
  /** `slow`: so many times the time for each request. */
  readonly factor: number
  /** `errors`: share of the requests that are answered at once with an error. */
  readonly share: number
  /** `slow` and `errors`: whether health checks and probes fail meanwhile. */
  readonly failsChecks: boolean
}

/**
 * `slow`: a brown-out. `errors`: answers 500 at once. `down`: refuses connections, and breaks off what it was doing.
 * `hangs`: neither answers nor refuses; goes on where it was when it is over.
 */
export const FAULT_KINDS = ['slow', 'errors', 'down', 'hangs'] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/** The keys of an upstream in the config that say how it is balanced; those of its strategy and servers are apart. */
export type UpstreamKeys = Omit<NonNullable<FileConfig['upstreams']>[string], 'servers' | 'strategy'>

/** As in the config: a name, or an object with `name` and options. */
export type StrategyChoice = NonNullable<NonNullable<FileConfig['upstreams']>[string]['strategy']>

export const MOST_SERVERS = 100_000

export function serverCount(scenario: Pick<Scenario, 'servers'>): number {
  return scenario.servers.reduce((sum, group) => sum + group.count, 0)
}

/** What all servers together do in a millisecond, in milliseconds of a server of one slot and speed 1. */
export function capacityOf(scenario: Pick<Scenario, 'servers'>): number {
  return scenario.servers.reduce((sum, { count, slots, speed }) => sum + count * slots * speed, 0)
}
