// The numbers of the whole process at one moment, summed over all workers from shared memory. Workers count on meanwhile, so
// two figures of one snapshot may be an exchange apart. Durations are milliseconds, sizes bytes, times since 1970.

import { BreakerCells, type BreakerState, CLOSED, OPEN } from '../shared/breaker-cells.ts'
import {
  COUNTER,
  type Counter,
  type Counters,
  SERVER_COUNTER,
  type ServerCounter,
  WORKER_STATE,
} from '../shared/counters.ts'
import { type Gates, UNLIMITED } from '../shared/gates.ts'
import { BUCKETS, quantile, upperBound } from '../shared/histogram.ts'
import { BAR, DOWN, DRAINING, type Health, type ServerTable } from '../shared/server-table.ts'
import { Standing } from '../shared/standing.ts'
import type { UpstreamSamples } from '../shared/upstream-samples.ts'

export interface Snapshot {
  /** When it was taken, and when the balancer was started: milliseconds since 1970. */
  readonly time: number
  readonly startedAt: number
  readonly totals: Totals
  /** Failures since the start by kind: `connect_refused`. Every kind is there, also those that never happened. */
  readonly failures: Readonly<Record<string, number>>
  /** Answers that the balancer gave itself, by status. */
  readonly ownAnswers: Readonly<Record<string, number>>
  readonly servers: readonly ServerSnapshot[]
  /** Those that have a limit or a queue. */
  readonly upstreams: readonly UpstreamSnapshot[]
  /** In the order of their numbers. */
  readonly workers: readonly WorkerSnapshot[]
}

export interface UpstreamSnapshot {
  readonly name: string
  /** Exchanges under way. */
  readonly active: number
  /** Most exchanges at a time, as set or as found out; 0: any number. */
  readonly limit: number
  /** Exchanges that wait for a place, by priority. */
  readonly waiting: { readonly high: number; readonly normal: number; readonly low: number }
  /** Exchanges that have waited and were let in, and how many milliseconds they waited in all. */
  readonly queued: number
  readonly queuedMillis: number
}

export interface WorkerSnapshot {
  /** From 0 on. */
  readonly worker: number
  /** `failed`: it died too often and is not started again. */
  readonly state: 'up' | 'down' | 'failed'
  readonly restarts: number
  readonly requests: number
  readonly exchangesActive: number
  readonly clientConnections: number
  readonly clientConnectionsActive: number
  readonly tunnelsActive: number
}

/** Counted since the start; `…Active` are those of this moment. */
export interface Totals {
  readonly requests: number
  readonly failed: number
  readonly exchangesActive: number
  readonly clientConnections: number
  readonly clientConnectionsActive: number
  readonly tunnels: number
  readonly tunnelsActive: number
  readonly requestBytes: number
  readonly responseBytes: number
  readonly retries: number
  /** Retries that the budget did not allow. */
  readonly retriesOverBudget: number
  /** The same retries by what was the matter before. */
  readonly retriesConnectFailure: number
  readonly retriesReset: number
  readonly retriesTimeout: number
  readonly retriesStatus: number
  /** Second attempts beside a slow first one, those of them whose response the client got, and those the budget did not allow. */
  readonly hedges: number
  readonly hedgesWon: number
  readonly hedgesOverBudget: number
  readonly logLinesDropped: number
}

export interface ServerSnapshot {
  readonly url: string
  readonly upstream: string
  readonly slot: number
  readonly weight: number
  /** Most exchanges at a time; 0: any number. */
  readonly maxActive: number
  readonly health: 'up' | 'down' | 'draining'
  /** Outlier detection leaves it out at present, and how often it has. */
  readonly ejected: boolean
  readonly ejections: number
  /** Its circuit breaker, and how often that has opened. */
  readonly breaker: 'closed' | 'open' | 'half_open'
  readonly breakerOpenings: number
  /** It has asked for no new exchanges, itself or by its agent. */
  readonly withdrawn: boolean
  /** What its own feedback leaves of its weight: 0.05 to 1. */
  readonly weightFactor: number
  /** Exchanges under way. */
  readonly inFlight: number
  /** How often it was chosen, retries included. */
  readonly picked: number
  /** Attempts that failed. */
  readonly failed: number
  /** Its answers by status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Connections opened since the start, open now, and of these idle. */
  readonly connections: number
  readonly connectionsActive: number
  readonly connectionsIdle: number
  readonly duration: DurationSnapshot
}

/** Durations of answered exchanges, from the first byte of the request to the last of the response, in milliseconds. */
export interface DurationSnapshot {
  readonly count: number
  readonly sum: number
  /** Quantiles, at most 12.5 % too high; 0 when `count` is 0. */
  readonly p50: number
  readonly p90: number
  readonly p99: number
  /** How many took less than `below` ms, for powers of two from 256 µs to 67 s. Exact and cumulative. */
  readonly buckets: readonly { readonly below: number; readonly count: number }[]
}

/** A server's place in the shared tables. */
export interface ServerSource {
  readonly slot: number
  readonly url: string
  readonly upstream: string
  readonly weight: number
  readonly maxActive: number
}

/** An upstream's place in the shared tables. */
export interface UpstreamSource {
  readonly name: string
  readonly turn: number
  readonly gated: boolean
}

export interface SnapshotSources {
  readonly table: ServerTable
  /** One block for each worker, those of lost workers included. */
  readonly counters: readonly Counters[]
  /** What the main thread counts itself. */
  readonly mainCounters?: Counters
  readonly servers: readonly ServerSource[]
  readonly upstreams: readonly UpstreamSource[]
  readonly gates: Gates
  /** One for each worker. */
  readonly samples: readonly UpstreamSamples[]
  /** The names of the failure table by number. */
  readonly failureKinds: readonly string[]
  /** Milliseconds since 1970. */
  readonly startedAt: number
}

const LEAST_EXPONENT = 8
const GREATEST_EXPONENT = 26

export function takeSnapshot(sources: SnapshotSources): Snapshot {
  const { counters, mainCounters, failureKinds, servers, startedAt } = sources
  return {
    time: Date.now(),
    startedAt,
    totals: totals(mainCounters === undefined ? counters : [...counters, mainCounters]),
    failures: Object.fromEntries(
      failureKinds.map((kind, number) => [kind, sum(counters, (block) => block.failures(number))]),
    ),
    ownAnswers: byStatus(merge(counters.map((block) => block.ownStatuses()))),
    servers: servers.map((server) => serverSnapshot(server, sources)),
    upstreams: sources.upstreams.filter(({ gated }) => gated).map((upstream) => upstreamSnapshot(upstream, sources)),
    workers: counters.map((block, worker) => workerSnapshot(block, worker)),
  }
}

function upstreamSnapshot({ name, turn }: UpstreamSource, { gates, samples }: SnapshotSources): UpstreamSnapshot {
  const limit = gates.limit(turn)
  return {
    name,
    active: gates.active(turn),
    limit: limit === UNLIMITED ? 0 : limit,
    waiting: { high: gates.waiting(turn, 0), normal: gates.waiting(turn, 1), low: gates.waiting(turn, 2) },
    queued: samples.reduce((sum, block) => sum + block.queued(turn), 0),
    queuedMillis: samples.reduce((sum, block) => sum + block.queuedMillis(turn), 0),
  }
}

function workerSnapshot(block: Counters, worker: number): WorkerSnapshot {
  const failed = block.state(WORKER_STATE.failed) === 1
  return {
    worker,
    state: failed ? 'failed' : block.state(WORKER_STATE.up) === 1 ? 'up' : 'down',
    restarts: block.state(WORKER_STATE.restarts),
    requests: block.get(COUNTER.requests),
    exchangesActive: block.get(COUNTER.exchangesActive),
    clientConnections: block.get(COUNTER.clientConnections),
    clientConnectionsActive: block.get(COUNTER.clientConnectionsActive),
    tunnelsActive: block.get(COUNTER.tunnelsActive),
  }
}

function totals(counters: readonly Counters[]): Totals {
  const total = (counter: Counter) => sum(counters, (block) => block.get(counter))
  const names = Object.keys(COUNTER) as (keyof typeof COUNTER)[]
  return Object.fromEntries(names.map((name) => [name, total(COUNTER[name])])) as Record<keyof typeof COUNTER, number>
}

function serverSnapshot(server: ServerSource, { table, counters }: SnapshotSources): ServerSnapshot {
  const { slot, url, upstream, weight, maxActive } = server
  const total = (counter: ServerCounter) => sum(counters, (block) => block.forServer(slot, counter))
  return {
    url,
    upstream,
    slot,
    weight,
    maxActive,
    health: healthName(table.health(slot)),
    ejected: (table.bars(slot) & BAR.ejected) !== 0,
    ejections: new Standing(table).ejections(slot),
    breaker: breakerName(new BreakerCells(table).state(slot)),
    breakerOpenings: new BreakerCells(table).openings(slot),
    withdrawn: (table.bars(slot) & (BAR.drains | BAR.agent)) !== 0,
    weightFactor: table.weightFactor(slot),
    inFlight: table.inFlight(slot),
    picked: total(SERVER_COUNTER.picked),
    failed: total(SERVER_COUNTER.failed),
    statuses: byStatus(merge(counters.map((block) => block.statuses(slot)))),
    connections: total(SERVER_COUNTER.connections),
    connectionsActive: total(SERVER_COUNTER.connectionsActive),
    connectionsIdle: total(SERVER_COUNTER.connectionsIdle),
    duration: durationSnapshot(
      merge(counters.map((block) => block.durations(slot))),
      total(SERVER_COUNTER.durationSum),
    ),
  }
}

/** The cell-by-cell sum of views of the same length. */
function merge(views: readonly Float64Array[]): Float64Array {
  const merged = new Float64Array(views[0]?.length ?? 0)
  for (const view of views) {
    for (let cell = 0; cell < merged.length; cell++) merged[cell]! += view[cell]!
  }
  return merged
}

function durationSnapshot(counts: Float64Array, sumMicros: number): DurationSnapshot {
  const buckets: { below: number; count: number }[] = []
  let count = 0
  let exponent = LEAST_EXPONENT
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    count += counts[bucket] ?? 0
    if (exponent <= GREATEST_EXPONENT && upperBound(bucket) === 2 ** exponent) {
      buckets.push({ below: 2 ** exponent / 1000, count })
      exponent++
    }
  }
  const at = (share: number) => quantile(counts, share) / 1000
  return { count, sum: sumMicros / 1000, p50: at(0.5), p90: at(0.9), p99: at(0.99), buckets }
}

/** `counts` begins with status 100. */
function byStatus(counts: Float64Array): Record<string, number> {
  const statuses: Record<string, number> = {}
  counts.forEach((count, index) => {
    if (count > 0) statuses[100 + index] = count
  })
  return statuses
}

function sum(counters: readonly Counters[], value: (block: Counters) => number): number {
  let total = 0
  for (const block of counters) total += value(block)
  return total
}

function breakerName(state: BreakerState): 'closed' | 'open' | 'half_open' {
  if (state === CLOSED) return 'closed'
  return state === OPEN ? 'open' : 'half_open'
}

function healthName(health: Health): 'up' | 'down' | 'draining' {
  if (health === DOWN) return 'down'
  return health === DRAINING ? 'draining' : 'up'
}
