// Decides which servers are up: checks each of them again and again, listens to what the workers report, and writes
// the verdict into the server table, where every picker sees it. It lives in the main thread; no exchange waits for it.
import { isDeepStrictEqual } from 'node:util'
import { Hysteresis } from '../balance/hysteresis.ts'
import type { HealthCheckConfig, PassiveHealth, ServerConfig } from '../config/config.ts'
import { registry } from '../registry.ts'
import type { HealthCheck, Probe, ProbeResult } from '../seams/health-check.ts'
import { DOWN, DRAINING, type ServerTable, UP } from '../shared/server-table.ts'
import { type MonitorClock, systemClock } from './monitor-clock.ts'

/** A server to look after. The same address in two upstreams is two of them, each with a slot and a verdict of its own. */
export interface WatchedServer {
  slot: number
  upstream: string
  server: ServerConfig
  check: HealthCheckConfig
  passive: PassiveHealth
}

export interface HealthChange {
  upstream: string
  server: ServerConfig
  slot: number
  health: typeof UP | typeof DOWN
  /** For people: `connection refused`, `status 200 in 12 ms`. */
  reason: string
  /** Absent when the state before was only presumed, because no check had answered yet. */
  previous?: typeof UP | typeof DOWN
}

export interface HealthMonitorOptions {
  table: ServerTable
  onChange(change: HealthChange): void
  /** Uniform in [0, 1); varies the intervals. */
  random?: () => number
  clock?: MonitorClock
  /** The kinds of check; those of the registry unless given. */
  checks?: Record<string, HealthCheck>
}

/** So that thousands of servers cost neither a flood of connections at one moment nor all file descriptors. */
const PROBES_AT_ONCE = 64

/** What the monitor knows about one server. At any time it waits for its timer, or is due, or its probe is under way. */
class Watch {
  entry: WatchedServer
  readonly probe: Probe
  readonly state: Hysteresis
  checked = false
  cancelTimer: () => void = () => {}
  underWay: AbortController | null = null

  constructor(entry: WatchedServer, probe: Probe, state: Hysteresis) {
    this.entry = entry
    this.probe = probe
    this.state = state
  }
}

export class HealthMonitor {
  private readonly table: ServerTable
  private readonly onChange: (change: HealthChange) => void
  private readonly random: () => number
  private readonly clock: MonitorClock
  private readonly checks: Record<string, HealthCheck>
  private readonly watches = new Map<number, Watch>()
  private readonly due = new Set<Watch>()
  private readonly running = new Set<Promise<void>>()
  private unchecked = 0
  private roundOver = false
  private round = Promise.withResolvers<void>()

  constructor(options: HealthMonitorOptions) {
    this.table = options.table
    this.onChange = (change) => options.onChange(change)
    this.random = options.random ?? Math.random
    this.clock = options.clock ?? systemClock
    this.checks = options.checks ?? registry.healthChecks
  }

  /** Resolves once every server that is watched now has been checked at least once, or is watched no more. */
  get firstRound(): Promise<void> {
    return this.round.promise
  }

  /**
   * Looks after these servers from now on, and no others. A server whose upstream, URL and check are as before keeps
   * its state and its timer; new ones are checked at once; the probes of those that are gone are aborted.
   */
  watch(entries: readonly WatchedServer[]): void {
    const wanted = new Map(entries.map((entry) => [entry.slot, entry]))
    const before = new Map(this.watches)
    for (const [slot, watch] of before) {
      const entry = wanted.get(slot)
      if (
        entry !== undefined &&
        isSameServer(entry, watch.entry) &&
        isDeepStrictEqual(entry.check, watch.entry.check)
      ) {
        watch.entry = entry
        wanted.delete(slot)
      } else {
        this.forget(watch)
      }
    }
    if (this.roundOver) this.round = Promise.withResolvers()
    for (const [slot, entry] of wanted) this.add(entry, before.get(slot))
    this.endRound()
    this.startDue()
  }

  /**
   * A worker saw so many refused connections in a row that it has set the server DOWN in the table. From now on it is
   * checked at the fast interval, and only a check brings it back. Repeated reports, by other workers, change nothing.
   */
  reportConnectFailures(slot: number, reason: string): void {
    const watch = this.watches.get(slot)
    // A report may also be late: a check has brought the server back since.
    if (watch?.state.up && this.table.health(slot) === DOWN) this.takeDown(watch, reason)
  }

  /** Aborts the probes that are under way; resolves when none is left. The table stays as it is. */
  async stop(): Promise<void> {
    for (const watch of this.watches.values()) this.forget(watch)
    this.endRound()
    await Promise.all(this.running)
  }

  private add(entry: WatchedServer, before: Watch | undefined): void {
    const { slot, check } = entry
    const known = before !== undefined && isSameServer(entry, before.entry) && before.state.known
    if (!known && check.kind !== 'off' && check.initial === 'down' && this.table.health(slot) === UP) {
      this.table.setHealth(slot, DOWN)
    }
    const state = new Hysteresis(check, this.table.health(slot) !== DOWN, known)
    const watch = new Watch(entry, this.makeProbe(check), state)
    this.watches.set(slot, watch)
    this.unchecked++
    if (needsChecks(watch)) this.due.add(watch)
    else this.markChecked(watch)
  }

  private makeProbe(check: HealthCheckConfig): Probe {
    // Without checks of its own, a server that refuses connections is back when it accepts one.
    if (check.kind === 'off') return this.checks.tcp!.make({ ...check, port: 0 })
    return this.checks[check.kind]!.make(check)
  }

  private forget(watch: Watch): void {
    this.watches.delete(watch.entry.slot)
    this.interrupt(watch)
    this.markChecked(watch)
  }

  private interrupt(watch: Watch): void {
    watch.cancelTimer()
    this.due.delete(watch)
    const { underWay } = watch
    watch.underWay = null
    underWay?.abort()
  }

  private markChecked(watch: Watch): void {
    if (!watch.checked) this.unchecked--
    watch.checked = true
  }

  private endRound(): void {
    this.roundOver = this.unchecked === 0
    if (this.roundOver) this.round.resolve()
  }

  private startDue(): void {
    for (const watch of this.due) {
      if (this.running.size >= PROBES_AT_ONCE) return
      this.due.delete(watch)
      const run = this.check(watch).finally(() => {
        this.running.delete(run)
        this.startDue()
      })
      this.running.add(run)
    }
  }

  private async check(watch: Watch): Promise<void> {
    const began = this.clock.now()
    let change: HealthChange | null = null
    // What is draining is on its way out, or will be put back by whoever drains it.
    if (this.table.health(watch.entry.slot) !== DRAINING) {
      const result = await this.runProbe(watch)
      if (result === 'interrupted') return
      change = this.judge(watch, result)
    }
    this.markChecked(watch)
    this.endRound()
    this.schedule(watch, this.clock.now() - began)
    if (change !== null) this.onChange(change)
  }

  private async runProbe(watch: Watch): Promise<ProbeResult | 'interrupted'> {
    const { server, check } = watch.entry
    const controller = new AbortController()
    watch.underWay = controller
    const cancelTimeout = this.clock.after(check.timeout, () => controller.abort())
    const result = await watch.probe(server, controller.signal)
    cancelTimeout()
    if (watch.underWay !== controller) return 'interrupted'
    watch.underWay = null
    return result
  }

  /** Brings the table up to date with what a probe found. */
  private judge(watch: Watch, result: ProbeResult): HealthChange | null {
    const { state, entry } = watch
    const health = this.table.health(entry.slot)
    if (health === DRAINING) return null
    // A worker took it down while the probe was under way; its report will come too late to be news.
    if (health === DOWN && state.up) return this.setState(watch, false, 'connections refused')
    // Put back after draining, which is as good as new.
    if (health === UP && !state.up) state.set(true, false)

    const previous = previousOf(state)
    if (!state.add(result.ok)) return null
    return this.setState(watch, result.ok, result.detail, previous)
  }

  private takeDown(watch: Watch, reason: string): void {
    this.interrupt(watch)
    const change = this.setState(watch, false, reason)
    this.schedule(watch, 0)
    this.onChange(change)
  }

  private setState(watch: Watch, up: boolean, reason: string, previous = previousOf(watch.state)): HealthChange {
    const { upstream, server, slot } = watch.entry
    const health = up ? UP : DOWN
    watch.state.set(up, true)
    // The failures that took it down must not count against it again.
    if (up) this.table.clearConnectFailures(slot)
    this.table.setHealth(slot, health)
    return { upstream, server, slot, health, reason, ...previous }
  }

  /** Sets the timer for the next check, counted from the start of the last one, `elapsed` milliseconds ago. */
  private schedule(watch: Watch, elapsed: number): void {
    if (!needsChecks(watch)) return
    const { interval, interval_down, jitter } = watch.entry.check
    const usual = watch.state.up ? interval : interval_down
    const varied = usual * (1 + jitter * (2 * this.random() - 1))
    watch.cancelTimer = this.clock.after(Math.max(0, varied - elapsed), () => {
      this.due.add(watch)
      this.startDue()
    })
  }
}

function isSameServer(one: WatchedServer, other: WatchedServer): boolean {
  return one.upstream === other.upstream && one.server.url === other.server.url
}

/** A server without checks is only asked while it is down. */
function needsChecks(watch: Watch): boolean {
  return watch.entry.check.kind !== 'off' || !watch.state.up
}

function previousOf(state: Hysteresis): Pick<HealthChange, 'previous'> {
  return state.known ? { previous: state.up ? UP : DOWN } : {}
}
