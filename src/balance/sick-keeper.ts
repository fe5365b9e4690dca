// Sick servers as the main thread sees them: compares servers at intervals and ejects those that do worse, brings ejected
// ones back, opens circuit breakers by what a window shows, lets trials in. It has no clock and no timer: `tick` is
// called again and again with the time, in the main thread by a timer, in the laboratory by its virtual clock.
import type { CircuitBreaker, OutlierDetection } from '../config/config.ts'
import { BreakerCells, type BreakerState, CLOSED, HALF_OPEN, OPEN } from '../shared/breaker-cells.ts'
import type { Counters } from '../shared/counters.ts'
import { quantile } from '../shared/histogram.ts'
import { BAR, type ServerTable, UP } from '../shared/server-table.ts'
import { Standing } from '../shared/standing.ts'
import { BreakerWindow, WINDOW_STEPS } from './breaker-window.ts'
import { eject } from './eject.ts'
import { GrowingTime } from './growing-time.ts'
import type { Sickness } from './guard.ts'
import { findOutliers, type Sample } from './outliers.ts'
import { ServerCounts } from './server-counts.ts'

export interface KeptUpstream {
  readonly name: string
  readonly outliers: OutlierDetection | null
  readonly breaker: CircuitBreaker | null
  readonly servers: readonly { readonly slot: number; readonly url: string }[]
}

/** What has become of a server. Times in milliseconds. */
export type SickEvent = {
  readonly upstream: string
  readonly url: string
  readonly slot: number
  readonly reason: string
} & (
  | { readonly kind: 'ejected'; readonly millis: number; readonly repetitions: number }
  | { readonly kind: 'returned'; readonly millis: number }
  | { readonly kind: 'breaker_open'; readonly millis: number; readonly repetitions: number }
  | { readonly kind: 'breaker_half_open'; readonly trials: number }
  | { readonly kind: 'breaker_closed' }
)

/** How often `tick` wants to be called, in milliseconds: ejections and open times last up to so much longer. */
export const TICK_MS = 100

/** A worker's report of what it did is waited for so long, before it is taken for lost with the worker. */
const REPORT_MS = 1000

class KeptServer {
  readonly slot: number
  readonly url: string
  readonly counts: ServerCounts
  readonly windowCounts: ServerCounts
  readonly window: BreakerWindow | null
  readonly ejections = GrowingTime.linear()
  readonly openings = GrowingTime.doubling()
  /** Since when it is ejected, and until when; -1: it is not. */
  ejectedAt = -1
  returnsAt = -1
  /** When it was first seen ejected, or with another state of its breaker, while no report has told of it; -1: all is known. */
  ejectionUnreported = -1
  breakerUnreported = -1
  /** What is known of its breaker, and when it goes on from there. */
  breaker: BreakerState = CLOSED
  goesOnAt = 0

  constructor(slot: number, url: string, { outliers, breaker }: KeptUpstream) {
    this.slot = slot
    this.url = url
    this.counts = new ServerCounts(slot, (outliers?.latency_factor ?? 0) > 0)
    this.windowCounts = new ServerCounts(slot, (breaker?.latency ?? 0) > 0)
    this.window = breaker === null ? null : new BreakerWindow(breaker)
  }
}

class Kept {
  upstream: KeptUpstream
  servers: readonly KeptServer[]
  slots: readonly number[]
  nextSweep: number
  nextStep: number

  constructor(upstream: KeptUpstream, servers: readonly KeptServer[], now: number) {
    this.upstream = upstream
    this.servers = servers
    this.slots = servers.map(({ slot }) => slot)
    this.nextSweep = now + (upstream.outliers?.interval ?? 0)
    this.nextStep = now + (upstream.breaker?.window ?? 0) / WINDOW_STEPS
  }
}

export class SickKeeper {
  private readonly table: ServerTable
  private readonly standing: Standing
  private readonly breakers: BreakerCells
  private readonly counters: readonly Counters[]
  private readonly random: () => number
  private readonly onEvent: (event: SickEvent) => void
  private kept: readonly Kept[] = []

  /** `counters` are those of all workers; `random` is uniform in [0, 1). */
  constructor(
    table: ServerTable,
    counters: readonly Counters[],
    random: () => number,
    onEvent: (event: SickEvent) => void,
  ) {
    this.table = table
    this.standing = new Standing(table)
    this.breakers = new BreakerCells(table)
    this.counters = counters
    this.random = random
    this.onEvent = onEvent
  }

  /** Looks after these from now on. A server that stays keeps its state, unless the rules are others now. */
  watch(upstreams: readonly KeptUpstream[], now: number): void {
    const before = new Map(this.kept.map((kept) => [kept.upstream.name, kept]))
    this.kept = upstreams.map((upstream) => {
      const old = before.get(upstream.name)
      const sameRules =
        old !== undefined &&
        JSON.stringify([old.upstream.outliers, old.upstream.breaker]) ===
          JSON.stringify([upstream.outliers, upstream.breaker])
      const servers = upstream.servers.map(({ slot, url }) => {
        const known = sameRules ? old.servers.find((server) => server.slot === slot && server.url === url) : undefined
        return known ?? this.begin(new KeptServer(slot, url, upstream))
      })
      const kept = new Kept(upstream, servers, now)
      if (sameRules) {
        kept.nextSweep = old.nextSweep
        kept.nextStep = old.nextStep
      }
      return kept
    })
  }

  /** A worker has done something to a server. */
  report(slot: number, what: Sickness, reason: string, now: number): void {
    for (const kept of this.kept) {
      const server = kept.servers.find((one) => one.slot === slot)
      if (server === undefined) continue
      if (what === 'ejected') this.ejected(kept, server, reason, now)
      // What several workers report may come in another order than it happened.
      else if (this.breakers.state(slot) === (what === 'breaker_open' ? OPEN : CLOSED)) {
        this.breakerMoved(kept, server, reason, now)
      }
      return
    }
  }

  /** A worker has died, perhaps with trials under way or in the midst of a decision. */
  workerLost(now: number): void {
    this.table.abandonDecision()
    for (const kept of this.kept) {
      for (const server of kept.servers) {
        if (this.breakers.state(server.slot) === HALF_OPEN) this.restartTrials(kept, server, now)
      }
    }
  }

  tick(now: number): void {
    for (const kept of this.kept) {
      const { outliers, breaker } = kept.upstream
      if (outliers !== null) {
        for (const server of kept.servers) this.tickEjection(kept, server, now)
        this.rescue(kept, now)
        if (compares(outliers) && now >= kept.nextSweep) {
          kept.nextSweep = now + outliers.interval
          this.sweep(kept, now)
        }
      }
      if (breaker !== null) {
        for (const server of kept.servers) this.tickBreaker(kept, server, now)
        if (now >= kept.nextStep) {
          kept.nextStep = now + breaker.window / WINDOW_STEPS
          for (const server of kept.servers) this.step(kept, server, now)
        }
      }
    }
  }

  /** Where the last server that could be picked has gone down, the ejected ones come back at once. */
  rescueAll(now: number): void {
    for (const kept of this.kept) this.rescue(kept, now)
  }

  /** What was counted before is not its own, and what was done under other rules is over. */
  private begin(server: KeptServer): KeptServer {
    server.counts.look(this.counters)
    server.windowCounts.look(this.counters)
    this.table.unbar(server.slot, BAR.ejected)
    this.breakers.reset(server.slot)
    return server
  }

  // ── ejection ──

  private sweep(kept: Kept, now: number): void {
    const outliers = kept.upstream.outliers!
    const samples: Sample[] = []
    for (const server of kept.servers) {
      const { slot, counts } = server
      const { ok, failed, headTimes } = counts.look(this.counters)
      if (this.table.pickable(slot)) samples.push({ slot, ok, failed, median: quantile(headTimes, 0.5) / 1000 })
    }
    for (const { slot, reason } of findOutliers(samples, outliers)) {
      if (!eject(this.table, this.standing, kept.slots, slot, outliers.max_ejected)) continue
      this.ejected(kept, kept.servers.find((server) => server.slot === slot)!, reason, now)
    }
  }

  private ejected(kept: Kept, server: KeptServer, reason: string, now: number): void {
    if (server.returnsAt >= 0 || (this.table.bars(server.slot) & BAR.ejected) === 0) return
    const { base_time, max_time, jitter } = kept.upstream.outliers!
    const millis = Math.round(server.ejections.begin(now, base_time, max_time) * (1 + jitter * this.random()))
    server.ejectedAt = now
    server.returnsAt = now + millis
    server.ejectionUnreported = -1
    this.tell(kept, server, reason, { kind: 'ejected', millis, repetitions: server.ejections.repetitions })
    this.rescue(kept, now)
  }

  private tickEjection(kept: Kept, server: KeptServer, now: number): void {
    if (server.returnsAt >= 0) {
      if (now >= server.returnsAt) this.giveBack(kept, server, 'its time is over', now)
    } else if ((this.table.bars(server.slot) & BAR.ejected) === 0) server.ejectionUnreported = -1
    else if (server.ejectionUnreported < 0) server.ejectionUnreported = now
    else if (now - server.ejectionUnreported >= REPORT_MS) this.ejected(kept, server, 'attempts in a row failed', now)
  }

  private rescue(kept: Kept, now: number): void {
    if (kept.upstream.outliers === null || kept.slots.some((slot) => this.table.pickable(slot))) return
    for (const server of kept.servers) {
      const { slot, returnsAt } = server
      const couldServe = this.table.health(slot) === UP && (this.table.bars(slot) & BAR.breaker) === 0
      if (returnsAt >= 0 && couldServe) this.giveBack(kept, server, 'no other server is left', now)
    }
  }

  private giveBack(kept: Kept, server: KeptServer, reason: string, now: number): void {
    const millis = Math.round(now - server.ejectedAt)
    server.returnsAt = -1
    server.ejections.end(now)
    this.standing.clear(server.slot)
    this.table.unbar(server.slot, BAR.ejected)
    this.tell(kept, server, reason, { kind: 'returned', millis })
  }

  // ── circuit breaker ──

  /** A window goes one step on. */
  private step(kept: Kept, server: KeptServer, now: number): void {
    const { slot, windowCounts, window } = server
    windowCounts.look(this.counters)
    // What was sent before it opened, and the trials, are not of the time that is judged next.
    if (this.breakers.state(slot) !== CLOSED) {
      window!.clear()
      return
    }
    window!.add(windowCounts)
    const reason = window!.verdict()
    if (reason !== '' && this.breakers.open(slot)) this.breakerMoved(kept, server, reason, now)
  }

  private tickBreaker(kept: Kept, server: KeptServer, now: number): void {
    const { slot } = server
    this.breakers.settle(slot)
    if (this.breakers.state(slot) !== server.breaker) {
      if (server.breakerUnreported < 0) server.breakerUnreported = now
      else if (now - server.breakerUnreported >= REPORT_MS) this.breakerMoved(kept, server, 'attempts failed', now)
      return
    }
    if (server.breaker === CLOSED || now < server.goesOnAt) return
    if (server.breaker === HALF_OPEN) this.restartTrials(kept, server, now)
    else if (this.breakers.halfOpen(slot)) {
      this.standing.clear(slot)
      server.breaker = HALF_OPEN
      server.goesOnAt = now + kept.upstream.breaker!.max_open_time
      const { trials } = kept.upstream.breaker!
      this.tell(kept, server, 'its time is over', { kind: 'breaker_half_open', trials })
    }
  }

  /** Trials that never end must not keep a server out for ever. */
  private restartTrials(kept: Kept, server: KeptServer, now: number): void {
    this.breakers.halfOpen(server.slot)
    server.goesOnAt = now + kept.upstream.breaker!.max_open_time
  }

  /** Follows what the breaker is now. */
  private breakerMoved(kept: Kept, server: KeptServer, reason: string, now: number): void {
    const { breaker } = kept.upstream
    const state = this.breakers.state(server.slot)
    const before = server.breaker
    server.breakerUnreported = -1
    if (breaker === null || state === server.breaker) return
    server.breaker = state
    server.window!.clear()
    if (before !== CLOSED) server.openings.end(now)
    if (state === OPEN) {
      const millis = server.openings.begin(now, breaker.open_time, breaker.max_open_time)
      server.goesOnAt = now + millis
      this.tell(kept, server, reason, { kind: 'breaker_open', millis, repetitions: server.openings.repetitions })
    } else if (state === CLOSED) this.tell(kept, server, reason, { kind: 'breaker_closed' })
  }

  private tell(
    { upstream }: Kept,
    { url, slot }: KeptServer,
    reason: string,
    event: DistributiveOmit<SickEvent, 'upstream' | 'url' | 'slot' | 'reason'>,
  ): void {
    this.onEvent({ upstream: upstream.name, url, slot, reason, ...event } as SickEvent)
  }
}

/** Whether any rule needs more than failures in a row. */
function compares({ success_rate_factor, failure_percentage, latency_factor }: OutlierDetection): boolean {
  return success_rate_factor > 0 || failure_percentage > 0 || latency_factor > 0
}

type DistributiveOmit<T, Keys extends PropertyKey> = T extends unknown ? Omit<T, Keys> : never
