// Sick servers as the main thread sees them: a keeper of ejections and one of circuit breakers for each upstream that asks
// for it. There is no clock and no timer: `tick` is called again and again with the time, in the main thread by a timer,
// in the laboratory by its virtual clock.
import type { CircuitBreaker, OutlierDetection } from '../config/config.ts'
import type { Counters } from '../shared/counters.ts'
import type { ServerTable } from '../shared/server-table.ts'
import { BreakerKeeper } from './breaker-keeper.ts'
import { EjectionKeeper } from './ejection-keeper.ts'
import type { Sickness } from './guard.ts'
import type { SickTools } from './sick-event.ts'

export interface KeptUpstream {
  readonly name: string
  readonly outliers: OutlierDetection | null
  readonly breaker: CircuitBreaker | null
  readonly servers: readonly { readonly slot: number; readonly url: string }[]
}

/** How often `tick` wants to be called, in milliseconds: ejections and open times last up to so much longer. */
export const TICK_MS = 100

interface Kept<Keeper> {
  readonly rules: string
  readonly keeper: Keeper
}

export class SickKeeper {
  private readonly table: ServerTable
  private readonly counters: readonly Counters[]
  private readonly tools: SickTools
  /** By upstream, as the next. */
  private ejections = new Map<string, Kept<EjectionKeeper>>()
  private breakers = new Map<string, Kept<BreakerKeeper>>()

  /** `counters` are those of all workers. */
  constructor(table: ServerTable, counters: readonly Counters[], tools: SickTools) {
    this.table = table
    this.counters = counters
    this.tools = tools
  }

  /** Looks after these from now on. Where the rules are as before, servers that stay keep their state; else all begins anew. */
  watch(upstreams: readonly KeptUpstream[], now: number): void {
    const { table, counters, tools } = this
    const ejections = new Map<string, Kept<EjectionKeeper>>()
    const breakers = new Map<string, Kept<BreakerKeeper>>()
    for (const { name, outliers, breaker } of upstreams) {
      if (outliers !== null) {
        const make = () => new EjectionKeeper(name, outliers, table, counters, tools, now)
        ejections.set(name, keep(this.ejections.get(name), outliers, make))
      }
      if (breaker !== null) {
        const make = () => new BreakerKeeper(name, breaker, table, counters, tools, now)
        breakers.set(name, keep(this.breakers.get(name), breaker, make))
      }
    }
    // Those that go let their servers go first, which may be in the hands of others next.
    for (const [name, { keeper }] of this.ejections) if (ejections.get(name)?.keeper !== keeper) keeper.end()
    for (const [name, { keeper }] of this.breakers) if (breakers.get(name)?.keeper !== keeper) keeper.end()
    for (const { name, servers } of upstreams) {
      ejections.get(name)?.keeper.watch(servers)
      breakers.get(name)?.keeper.watch(servers)
    }
    this.ejections = ejections
    this.breakers = breakers
  }

  /** A worker has done something to a server. */
  report(slot: number, what: Sickness, reason: string, now: number): void {
    if (what === 'ejected') for (const { keeper } of this.ejections.values()) keeper.ejected(slot, reason, now)
    else for (const { keeper } of this.breakers.values()) keeper.moved(slot, what, reason, now)
  }

  /** A worker has died, perhaps with trials under way or in the midst of a decision. */
  workerLost(worker: number, now: number): void {
    this.table.abandonDecision(worker)
    for (const { keeper } of this.breakers.values()) keeper.workerLost(now)
  }

  tick(now: number): void {
    for (const { keeper } of this.ejections.values()) keeper.tick(now)
    for (const { keeper } of this.breakers.values()) keeper.tick(now)
  }

  /** Where the last server that could be picked has gone down, the ejected ones come back at once. */
  rescue(now: number): void {
    for (const { keeper } of this.ejections.values()) keeper.rescue(now)
  }
}

/** The keeper that is there, if its rules are the same. */
function keep<Keeper>(before: Kept<Keeper> | undefined, rules: unknown, make: () => Keeper): Kept<Keeper> {
  const text = JSON.stringify(rules)
  return before?.rules === text ? before : { rules: text, keeper: make() }
}
