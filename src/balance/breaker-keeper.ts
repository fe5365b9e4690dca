// The circuit breakers of one upstream, as far as they take time: opens them by what a window shows, lets trials in when
// the open time is over, and follows what the workers do. It runs in the main thread and has no clock.

import type { CircuitBreaker } from '../config/config.ts'
import { BreakerCells, type BreakerState, CLOSED, HALF_OPEN, OPEN } from '../shared/breaker-cells.ts'
import type { Counters } from '../shared/counters.ts'
import type { ServerTable } from '../shared/server-table.ts'
import { Standing } from '../shared/standing.ts'
import { BreakerWindow, WINDOW_STEPS } from './breaker-window.ts'
import { carryOver } from './carry-over.ts'
import { GrowingTime } from './growing-time.ts'
import { looksBack } from './guard.ts'
import { ServerCounts } from './server-counts.ts'
import { REPORT_MS, type SickTools } from './sick-event.ts'

class BrokenServer {
  readonly slot: number
  readonly url: string
  readonly counts: ServerCounts
  readonly window: BreakerWindow
  readonly openings = GrowingTime.doubling()
  /** What is known of its breaker, and when it goes on from there. */
  state: BreakerState = CLOSED
  goesOnAt = 0
  /** When another state was first seen while no report had told of it; -1: all is known. */
  unreportedSince = -1

  constructor(slot: number, url: string, rules: CircuitBreaker) {
    this.slot = slot
    this.url = url
    this.counts = new ServerCounts(slot, rules.latency > 0)
    this.window = new BreakerWindow(rules)
  }
}

export class BreakerKeeper {
  private readonly name: string
  private readonly rules: CircuitBreaker
  private readonly standing: Standing
  private readonly breakers: BreakerCells
  private readonly counters: readonly Counters[]
  private readonly tools: SickTools
  private servers = new Map<number, BrokenServer>()
  private readonly looksBack: boolean
  private nextStep: number

  constructor(
    name: string,
    rules: CircuitBreaker,
    table: ServerTable,
    counters: readonly Counters[],
    tools: SickTools,
    now: number,
  ) {
    this.name = name
    this.rules = rules
    this.standing = new Standing(table)
    this.breakers = new BreakerCells(table)
    this.counters = counters
    this.tools = tools
    this.looksBack = looksBack({ breaker: rules })
    this.nextStep = now + rules.window / WINDOW_STEPS
  }

  /** Looks after these servers from now on; those that stay keep their state. */
  watch(servers: readonly { readonly slot: number; readonly url: string }[]): void {
    this.servers = carryOver(this.servers, servers, (slot, url) => this.begin(slot, url))
  }

  /** A worker has opened or closed the breaker of a server. */
  moved(slot: number, what: 'breaker_open' | 'breaker_closed', reason: string, now: number): void {
    const server = this.servers.get(slot)
    // What several workers report may come in another order than it happened.
    const state = what === 'breaker_open' ? OPEN : CLOSED
    if (server !== undefined && this.breakers.state(slot) === state) this.follow(server, reason, now)
  }

  /** A worker has died, perhaps with trials under way. */
  workerLost(now: number): void {
    for (const server of this.servers.values()) {
      if (this.breakers.state(server.slot) === HALF_OPEN) this.letTrialsIn(server, now)
    }
  }

  tick(now: number): void {
    for (const server of this.servers.values()) this.goOn(server, now)
    if (!this.looksBack || now < this.nextStep) return
    this.nextStep = now + this.rules.window / WINDOW_STEPS
    for (const server of this.servers.values()) this.step(server, now)
  }

  /** Nobody looks after these servers any more. */
  end(): void {
    for (const slot of this.servers.keys()) {
      this.breakers.reset(slot)
      this.standing.setTrialsAt(slot, 0)
    }
  }

  private begin(slot: number, url: string): BrokenServer {
    const server = new BrokenServer(slot, url, this.rules)
    // What was counted before is not of its first step.
    if (this.looksBack) server.counts.look(this.counters)
    return server
  }

  /** The window goes one step on. */
  private step(server: BrokenServer, now: number): void {
    const { slot, counts, window } = server
    counts.look(this.counters)
    // What was sent before it opened, and the trials, are not of the time that is judged next.
    if (this.breakers.state(slot) !== CLOSED) {
      window.clear()
      return
    }
    window.add(counts)
    const reason = window.verdict()
    if (reason !== '' && this.breakers.open(slot)) this.follow(server, reason, now)
  }

  private goOn(server: BrokenServer, now: number): void {
    const { slot, url } = server
    const { breakers } = this
    breakers.settle(slot)
    if (breakers.state(slot) !== server.state) {
      if (server.unreportedSince < 0) server.unreportedSince = now
      else if (now - server.unreportedSince >= REPORT_MS) this.follow(server, 'attempts failed', now)
      return
    }
    server.unreportedSince = -1
    if (server.state === CLOSED || now < server.goesOnAt) return
    const waited = server.state === OPEN
    // Trials that never end must not keep a server out for ever: they, too, are let in anew.
    this.letTrialsIn(server, now)
    if (!waited) return
    const { trials } = this.rules
    this.tools.onEvent({
      kind: 'breaker_half_open',
      upstream: this.name,
      url,
      slot,
      reason: 'its time is over',
      trials,
    })
  }

  private letTrialsIn(server: BrokenServer, now: number): void {
    this.standing.clear(server.slot)
    this.standing.setTrialsAt(server.slot, 0)
    this.breakers.halfOpen(server.slot)
    server.state = HALF_OPEN
    server.goesOnAt = now + this.rules.max_open_time
  }

  /** Catches up with what the breaker is now. */
  private follow(server: BrokenServer, reason: string, now: number): void {
    const { slot, url, openings } = server
    const { open_time, max_open_time } = this.rules
    const before = server.state
    const state = this.breakers.state(slot)
    server.unreportedSince = -1
    if (state === before) return
    server.state = state
    server.window.clear()
    if (before !== CLOSED) openings.end(now)
    const about = { upstream: this.name, url, slot, reason }
    if (state === OPEN) {
      const millis = openings.begin(now, open_time, max_open_time)
      server.goesOnAt = now + millis
      this.standing.setTrialsAt(slot, server.goesOnAt)
      this.tools.onEvent({ kind: 'breaker_open', ...about, millis, repetitions: openings.repetitions })
    } else if (state === CLOSED) this.tools.onEvent({ kind: 'breaker_closed', ...about })
  }
}
