// Outlier detection of one upstream, as far as it takes time or a look at all servers: compares them at intervals, ejects
// those that do worse, and brings back everyone whose time is over. It runs in the main thread and has no clock.

import type { OutlierDetection } from '../config/config.ts'
import type { Counters } from '../shared/counters.ts'
import { quantile, total } from '../shared/histogram.ts'
import { BAR, type ServerTable, UP } from '../shared/server-table.ts'
import { Standing } from '../shared/standing.ts'
import { carryOver } from './carry-over.ts'
import { eject } from './eject.ts'
import { GrowingTime } from './growing-time.ts'
import { comparesServers } from './guard.ts'
import { findOutliers, type Sample } from './outliers.ts'
import { ServerCounts } from './server-counts.ts'
import { REPORT_MS, type SickTools } from './sick-event.ts'

class EjectableServer {
  readonly slot: number
  readonly url: string
  readonly counts: ServerCounts
  readonly ejections = GrowingTime.linear()
  /** Since when it is ejected, and until when; -1: it is not. */
  ejectedAt = -1
  returnsAt = -1
  /** When it was first seen ejected while no report had told of it; -1: all is known. */
  unreportedSince = -1

  constructor(slot: number, url: string, timed: boolean) {
    this.slot = slot
    this.url = url
    this.counts = new ServerCounts(slot, timed)
  }
}

export class EjectionKeeper {
  private readonly name: string
  private readonly rules: OutlierDetection
  private readonly table: ServerTable
  private readonly standing: Standing
  private readonly counters: readonly Counters[]
  private readonly tools: SickTools
  private servers = new Map<number, EjectableServer>()
  private slots: readonly number[] = []
  private readonly compares: boolean
  private nextSweep: number

  constructor(
    name: string,
    rules: OutlierDetection,
    table: ServerTable,
    counters: readonly Counters[],
    tools: SickTools,
    now: number,
  ) {
    this.name = name
    this.rules = rules
    this.table = table
    this.standing = new Standing(table)
    this.counters = counters
    this.tools = tools
    this.compares = comparesServers({ outliers: rules })
    this.nextSweep = now + rules.interval
  }

  /** Looks after these servers from now on; those that stay keep their state. */
  watch(servers: readonly { readonly slot: number; readonly url: string }[]): void {
    this.servers = carryOver(this.servers, servers, (slot, url) => this.begin(slot, url))
    this.slots = [...this.servers.keys()]
  }

  /** Somebody has ejected a server. */
  ejected(slot: number, reason: string, now: number): void {
    const server = this.servers.get(slot)
    if (server === undefined || server.returnsAt >= 0 || (this.table.bars(slot) & BAR.ejected) === 0) return
    const { base_time, max_time, jitter } = this.rules
    const millis = Math.round(server.ejections.begin(now, base_time, max_time) * (1 + jitter * this.tools.random()))
    const { url, ejections } = server
    server.ejectedAt = now
    server.returnsAt = now + millis
    server.unreportedSince = -1
    this.tools.onEvent({
      kind: 'ejected',
      upstream: this.name,
      url,
      slot,
      reason,
      millis,
      repetitions: ejections.repetitions,
    })
    this.rescue(now)
  }

  tick(now: number): void {
    for (const server of this.servers.values()) this.follow(server, now)
    this.rescue(now)
    if (!this.compares || now < this.nextSweep) return
    this.nextSweep = now + this.rules.interval
    this.sweep(now)
  }

  /** Where nobody is left who could be picked, the ejected ones come back at once. */
  rescue(now: number): void {
    if (this.slots.some((slot) => this.table.pickable(slot))) return
    for (const server of this.servers.values()) {
      const { slot, returnsAt } = server
      const couldServe = this.table.health(slot) === UP && (this.table.bars(slot) & BAR.breaker) === 0
      if (returnsAt >= 0 && couldServe) this.giveBack(server, 'no other server is left', now)
    }
  }

  /** Nobody looks after these servers any more. */
  end(): void {
    for (const slot of this.slots) this.table.unbar(slot, BAR.ejected)
  }

  private begin(slot: number, url: string): EjectableServer {
    const server = new EjectableServer(slot, url, this.rules.latency_factor > 0)
    // What was counted before is not of its first interval.
    if (this.compares) server.counts.look(this.counters)
    return server
  }

  private sweep(now: number): void {
    const samples: Sample[] = []
    for (const { slot, counts } of this.servers.values()) {
      const { ok, failed, headTimes } = counts.look(this.counters)
      if (!this.table.pickable(slot)) continue
      samples.push({ slot, ok, failed, timed: total(headTimes), median: quantile(headTimes, 0.5) / 1000 })
    }
    for (const { slot, reason } of findOutliers(samples, this.rules)) {
      if (eject(this.table, this.standing, this.slots, slot, this.rules.max_ejected)) this.ejected(slot, reason, now)
    }
  }

  private follow(server: EjectableServer, now: number): void {
    const { slot, returnsAt, unreportedSince } = server
    if (returnsAt >= 0) {
      if (now >= returnsAt) this.giveBack(server, 'its time is over', now)
    } else if ((this.table.bars(slot) & BAR.ejected) === 0) server.unreportedSince = -1
    else if (unreportedSince < 0) server.unreportedSince = now
    else if (now - unreportedSince >= REPORT_MS) this.ejected(slot, 'attempts in a row failed', now)
  }

  private giveBack(server: EjectableServer, reason: string, now: number): void {
    const { slot, url } = server
    const millis = Math.round(now - server.ejectedAt)
    server.returnsAt = -1
    server.ejections.end(now)
    this.standing.clear(slot)
    this.table.unbar(slot, BAR.ejected)
    this.tools.onEvent({ kind: 'returned', upstream: this.name, url, slot, reason, millis })
  }
}
