// The compiled config: what the workers need, resolved and in the order in which it is used. Immutable.
import type {
  CircuitBreaker,
  ClientTimeouts,
  Connections,
  Forwarding,
  Hedging,
  Limits,
  ListenerConfig,
  Logging,
  OutlierDetection,
  Queue,
  Retries,
  RouteConfig,
  ServerFeedback,
  ServerTimeouts,
  SlowStart,
  UpstreamConfig,
} from '../config/config.ts'
import type { Priority } from '../seams/priority.ts'
import type { Strategy } from '../seams/strategy.ts'

export interface Plan {
  /** Counts up with every plan of a process. */
  readonly generation: number
  readonly listeners: readonly ListenerConfig[]
  readonly routes: readonly RoutePlan[]
  readonly upstreams: readonly UpstreamPlan[]
  readonly timeouts: ClientTimeouts
  readonly limits: Limits
  readonly forwarding: Forwarding
  readonly logging: Logging
  /** Empty: off. */
  readonly metricsPath: string
}

/** What the tiers of an upstream are made by; see balance/tiers.ts. */
export interface TierRules {
  readonly overprovisioning: number
  readonly panic: number
  readonly zone: string
}

export interface RoutePlan {
  readonly name: string
  readonly match: RouteConfig['match']
  readonly upstream: UpstreamPlan
  readonly priority: Priority
  /** Request header that overrules it, in lower case; empty: none. */
  readonly priorityHeader: string
}

export interface UpstreamPlan {
  readonly name: string
  /** Number of its cells in shared memory: its turn, its gate. */
  readonly turn: number
  readonly strategy: Strategy
  readonly strategyOptions: Record<string, unknown>
  /** Takes over when `strategy` breaks down, which is one of people's own then; null for the others. */
  readonly fallback: Strategy | null
  /** Why `fallback` takes over from the beginning; empty when it does not. */
  readonly strategyFailure: string
  readonly servers: readonly ServerPlan[]
  /** Some server has a limit of exchanges in flight. */
  readonly limited: boolean
  /** Whether exchanges are counted, and wait or are turned away, before a server is chosen. */
  readonly gated: boolean
  /** Most exchanges under way at a time; 0: any number. */
  readonly maxActive: number
  /** The number is found out, up to `maxActive`. */
  readonly adaptive: boolean
  readonly queue: Queue
  /** The part of the places and of the queue that each priority may take, 0 to 1. */
  readonly shares: readonly number[]
  readonly timeouts: ServerTimeouts
  readonly retries: Retries
  readonly hedging: Hedging
  readonly connections: Connections
  readonly slow_start: SlowStart
  readonly tiers: TierRules
  /** What a strategy that asks servers asks for, unless it says so itself: the path of the health check. */
  readonly probePath: string
  /** Connect failures in a row that take a server down; 0: never. */
  readonly connectFailures: number
  /** By status: 1 when it counts as a failure of the server. */
  readonly failureStatuses: Uint8Array
  /** null: off. */
  readonly outliers: OutlierDetection | null
  /** null: off. */
  readonly breaker: CircuitBreaker | null
  readonly feedback: ServerFeedback
}

export interface ServerPlan {
  readonly slot: number
  readonly url: string
  readonly host: string
  readonly port: number
  readonly weight: number
  /** 0: any number. */
  readonly maxActive: number
  readonly priority: number
  readonly backup: boolean
  /** Empty: nowhere in particular. */
  readonly zone: string
  readonly upstream: string
}

/** Where each server and upstream has its cells in shared memory; given out by the main thread. */
export interface Slots {
  /** By `serverKey`. */
  readonly servers: Readonly<Record<string, number>>
  /** By upstream name. */
  readonly turns: Readonly<Record<string, number>>
}

/** The identity of a server: the same address in two upstreams is two servers. */
export function serverKey(upstream: string, url: string): string {
  return `${upstream} ${url}`
}

/** Some server has a limit of exchanges in flight. */
export function isLimited({ servers }: UpstreamConfig): boolean {
  return servers.some((server) => server.max_active > 0)
}

/** Whether exchanges are counted, and wait or are turned away, before a server is chosen. */
export function isGated(upstream: UpstreamConfig): boolean {
  const { max_active, concurrency, queue } = upstream
  return max_active > 0 || concurrency === 'adaptive' || (queue.length > 0 && isLimited(upstream))
}
