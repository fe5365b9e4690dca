// Sick servers and their own feedback, in the main thread: gives the keepers their time, asks the agents, and puts into
// words what has become of a server.
import { type FeedbackEvent, FeedbackKeeper } from '../balance/feedback-keeper.ts'
import { Guard, type Sickness } from '../balance/guard.ts'
import type { SickEvent } from '../balance/sick-event.ts'
import { SickKeeper, TICK_MS } from '../balance/sick-keeper.ts'
import type { Config } from '../config/config.ts'
import {
  breakerClosed,
  breakerHalfOpen,
  breakerOpen,
  type LogLine,
  serverEjected,
  serverRejoined,
  serverReturned,
  serverWeightChanged,
  serverWithdrawn,
  withdrawalRefused,
} from '../observe/lines.ts'
import { type Slots, serverKey } from '../plan/plan.ts'
import type { Counters } from '../shared/counters.ts'
import type { ServerTable } from '../shared/server-table.ts'
import { AgentPoller } from './agent-poller.ts'
import { type MonitorClock, systemClock } from './monitor-clock.ts'

/** What 'server-ejected' and 'server-returned' carry. */
export interface EjectionEvent {
  readonly upstream: string
  readonly server: string
  readonly reason: string
  /** Milliseconds. */
  readonly millis: number
}

/** What 'breaker' carries. */
export interface BreakerEvent {
  readonly upstream: string
  readonly server: string
  readonly state: 'closed' | 'open' | 'half_open'
  readonly reason: string
}

export interface SickListener {
  log(line: LogLine): void
  ejected(event: EjectionEvent): void
  returned(event: EjectionEvent): void
  breaker(event: BreakerEvent): void
  /** More or fewer servers of an upstream may be used now. */
  changed(upstream: string): void
}

export class SickServers {
  private readonly table: ServerTable
  private readonly keeper: SickKeeper
  private readonly feedback: FeedbackKeeper
  private readonly agents: AgentPoller
  private readonly listener: SickListener
  private readonly clock: MonitorClock
  private cancelTimer: () => void = () => {}
  private ticking = false

  constructor(
    table: ServerTable,
    counters: readonly Counters[],
    listener: SickListener,
    clock: MonitorClock = systemClock,
    random: () => number = Math.random,
  ) {
    this.table = table
    this.listener = listener
    this.clock = clock
    this.keeper = new SickKeeper(table, counters, { random, onEvent: (event) => this.sick(event) })
    this.feedback = new FeedbackKeeper(table, (event) => this.heard(event))
    this.agents = new AgentPoller(clock, (slot, word) => this.feedback.agentSaid(slot, word, table.now()))
  }

  /** Looks after the servers of this config from now on. */
  watch(config: Config, slots: Slots): void {
    const upstreams = config.upstreams.map((upstream) => ({
      name: upstream.name,
      outliers: upstream.outlier_detection,
      breaker: upstream.circuit_breaker,
      feedback: upstream.server_feedback,
      servers: upstream.servers.map(({ url, host, port, weight }) => ({
        slot: slots.servers[serverKey(upstream.name, url)]!,
        url,
        host,
        port,
        weight,
      })),
    }))
    const now = this.table.now()
    this.keeper.watch(upstreams, now)
    this.feedback.watch(upstreams)
    this.agents.watch(upstreams)
    const needed = upstreams.some((upstream) => Guard.needed(upstream) || FeedbackKeeper.needed(upstream.feedback))
    if (needed && !this.ticking) this.schedule()
    // Else the timer that is left would go on beside the next one.
    if (!needed) this.cancelTimer()
    this.ticking = needed
  }

  /** A worker has done something to a server. */
  report(slot: number, what: Sickness, reason: string): void {
    this.keeper.report(slot, what, reason, this.table.now())
  }

  workerLost(worker: number): void {
    this.keeper.workerLost(worker, this.table.now())
  }

  /** A server has gone down: those that were left out come back where it was the last one. */
  rescue(): void {
    this.keeper.rescue(this.table.now())
    this.feedback.rescue()
  }

  stop(): void {
    this.ticking = false
    this.cancelTimer()
    this.agents.stop()
  }

  private schedule(): void {
    this.cancelTimer = this.clock.after(TICK_MS, () => {
      if (!this.ticking) return
      const now = this.table.now()
      this.keeper.tick(now)
      this.feedback.tick(now)
      this.schedule()
    })
  }

  private sick(event: SickEvent): void {
    const { upstream, url, reason } = event
    const { listener } = this
    switch (event.kind) {
      case 'ejected':
        listener.log(serverEjected(event, reason, event.millis, event.repetitions))
        listener.ejected({ upstream, server: url, reason, millis: event.millis })
        break
      case 'returned':
        listener.log(serverReturned(event, reason, event.millis))
        listener.returned({ upstream, server: url, reason, millis: event.millis })
        break
      case 'breaker_open':
        listener.log(breakerOpen(event, reason, event.millis, event.repetitions))
        listener.breaker({ upstream, server: url, state: 'open', reason })
        break
      case 'breaker_half_open':
        listener.log(breakerHalfOpen(event, event.trials))
        listener.breaker({ upstream, server: url, state: 'half_open', reason })
        break
      case 'breaker_closed':
        listener.log(breakerClosed(event, reason))
        listener.breaker({ upstream, server: url, state: 'closed', reason })
        break
    }
    listener.changed(upstream)
  }

  private heard(event: FeedbackEvent): void {
    const { listener } = this
    if (event.kind === 'weight') listener.log(serverWeightChanged(event, event.factor))
    else if (event.refused) listener.log(withdrawalRefused(event, event.kind))
    else if (event.asked) listener.log(serverWithdrawn(event, event.kind))
    else listener.log(serverRejoined(event, event.kind))
    if (event.kind !== 'weight') listener.changed(event.upstream)
  }
}
