// The load balancer as its owner sees it, be that the command line or a program that imports octoload. It lives in the
// main thread and puts the parts together: config, slots, health checks, workers, log, metrics.
import { EventEmitter } from 'node:events'
import { fitnessOf } from '../balance/fitness.ts'
import { FITNESS } from '../balance/tiers.ts'
import type { Config, ServerConfig, UpstreamConfig } from '../config/config.ts'
import { loadConfigStrategies, normaliseConfig, normaliseServer } from '../config/load.ts'
import type { FileConfig } from '../config/schema.ts'
import { addressKey } from '../config/server-url.ts'
import {
  allServersDown,
  type LogLine,
  listening,
  type NamedServer,
  oneWorkerOnly,
  panicBegun,
  panicOver,
  serverAdded,
  serverDraining,
  serverHealthy,
  serverRemoved,
  serverUnhealthy,
  shutdownComplete,
  shuttingDown,
  workerGivenUp,
  workerLost,
  workerReplaced,
} from '../observe/lines.ts'
import { wantsColour } from '../observe/log-colour.ts'
import { standardOutput } from '../observe/log-output.ts'
import { LogWriter } from '../observe/log-writer.ts'
import { Logger } from '../observe/logger.ts'
import { type Snapshot, takeSnapshot } from '../observe/snapshot.ts'
import { isGated, type Slots, serverKey } from '../plan/plan.ts'
import { FAILURE_NAMES } from '../seams/failures.ts'
import { COUNTER, type Counter, Counters, WORKER_STATE } from '../shared/counters.ts'
import { Gates } from '../shared/gates.ts'
import { InFlight } from '../shared/in-flight.ts'
import { DOWN, ServerTable, UP } from '../shared/server-table.ts'
import { Turns } from '../shared/turns.ts'
import { UpstreamSamples } from '../shared/upstream-samples.ts'
import { availableCores } from './available-cores.ts'
import { type HealthChange, HealthMonitor } from './health-monitor.ts'
import { LimitKeeper } from './limit-keeper.ts'
import { GIVEN_UP_AFTER } from './restart-policy.ts'
import { type BreakerEvent, type EjectionEvent, SickServers } from './sick-servers.ts'
import { SlotKeeper } from './slots.ts'
import { Supervisor } from './supervisor.ts'
import { workerCount } from './worker-count.ts'
import type { ThreadOptions, WorkerEnd } from './worker-handle.ts'

const SPARE_SLOTS = 1024
/** Upstreams. */
const TURNS = 1024
const REMOVAL_CHECK_MS = 100

export interface LoadBalancerOptions {
  /** Write the log to standard output; false unless told. The 'log' event carries it in any case. */
  readonly stdout?: boolean
  /** Listen beside another instance of octoload that has the ports, which is stopped next; false unless told. */
  readonly takeOver?: boolean
  /** For tests. */
  readonly threads?: ThreadOptions
}

/** A server as `addServer` takes it. */
export type NewServer = NonNullable<FileConfig['servers']>['urls'][number]

export interface BoundListener {
  readonly name: string
  readonly address: string
  readonly port: number
}

/** What 'server-up' and 'server-down' carry. */
export interface HealthEvent {
  readonly upstream: string
  readonly server: string
  readonly reason: string
}

export interface LoadBalancerEvents {
  listening: [listeners: readonly BoundListener[]]
  'server-up': [event: HealthEvent]
  'server-down': [event: HealthEvent]
  /** Every worker has died too often: nothing is served any more, and nothing will be. `stop` is still to be called. */
  failed: [error: Error]
  /** Outlier detection leaves a server out, for `millis` milliseconds. */
  'server-ejected': [event: EjectionEvent]
  /** It gets exchanges again, after `millis` milliseconds. */
  'server-returned': [event: EjectionEvent]
  /** The circuit breaker of a server is in another state. */
  breaker: [event: BreakerEvent]
  /** One line of the log, without its line feed. */
  log: [line: string]
}

/** Makes a load balancer. Throws ConfigError with every problem of the config. */
export function createLoadBalancer(config: FileConfig, options: LoadBalancerOptions = {}): LoadBalancer {
  return new LoadBalancer(normaliseConfig(config, { allowNoServers: true }), options)
}

export class LoadBalancer extends EventEmitter<LoadBalancerEvents> {
  private config: Config
  private slots: Slots
  private bound: BoundListener[] = []
  private readonly table: ServerTable
  private readonly turns = new Turns(TURNS)
  private readonly wantedWorkers: number
  /** By worker, as the next. */
  private readonly counters: readonly Counters[]
  private readonly inFlight: readonly InFlight[]
  private readonly samples: readonly UpstreamSamples[]
  private readonly gates: Gates
  private readonly limits: LimitKeeper
  /** What the main thread counts itself. */
  private readonly mainCounters: Counters
  private readonly keeper: SlotKeeper
  private readonly monitor: HealthMonitor
  private readonly sick: SickServers
  private readonly supervisor: Supervisor
  private readonly logger: Logger
  private readonly writer: LogWriter | null
  /** Upstreams whose requests go to all servers, healthy or not. */
  private readonly panicking = new Set<string>()
  /** One for each removed server that still has exchanges in flight. */
  private readonly removals = new Set<NodeJS.Timeout>()
  private readonly startedAt = Date.now()
  private started: Promise<void> | null = null
  private stopped: Promise<{ finished: number; cut: number }> | null = null

  constructor(config: Config, options: LoadBalancerOptions) {
    super()
    this.config = config
    const colour =
      options.stdout === true && config.logging.format === 'text' && wantsColour(process.stdout.isTTY, process.env)
    this.logger = new Logger((text, lines) => this.writeLog(text, lines), { ...config.logging, colour })
    this.writer = options.stdout === true ? this.makeWriter() : null

    const serverCount = config.upstreams.reduce((sum, upstream) => sum + upstream.servers.length, 0)
    const capacity = serverCount + SPARE_SLOTS
    const { count, wanted } = workerCount(config.workers, availableCores(), process.platform)
    const workers = Array.from({ length: count })
    this.wantedWorkers = wanted
    this.table = new ServerTable(capacity)
    this.counters = workers.map(() => new Counters(capacity))
    this.inFlight = workers.map(() => new InFlight(this.table, capacity))
    this.samples = workers.map(() => new UpstreamSamples(TURNS))
    this.gates = new Gates({ capacity: TURNS, workers: count })
    this.mainCounters = new Counters(capacity)
    this.keeper = new SlotKeeper(this.table, this.counters, TURNS)
    this.slots = this.keeper.assign(config, 1, 1)
    this.limits = new LimitKeeper(this.gates, this.samples)
    this.monitor = new HealthMonitor({ table: this.table, onChange: (change) => this.healthChanged(change) })
    this.sick = new SickServers(this.table, this.counters, {
      log: (line) => this.log(line),
      ejected: (event) => this.emit('server-ejected', event),
      returned: (event) => this.emit('server-returned', event),
      breaker: (event) => {
        this.gates.wakeAll()
        this.emit('breaker', event)
      },
      changed: (upstream) => {
        this.gates.wakeAll()
        this.reportShortage(this.upstream(upstream), false)
      },
    })
    const shared = {
      table: this.table.buffer,
      turns: this.turns.buffer,
      gates: this.gates.buffer,
      samples: this.samples.map((samples) => samples.buffer),
      counters: this.counters.map((counters) => counters.buffer),
      mainCounters: this.mainCounters.buffer,
      startedAt: this.startedAt,
      colour,
    }
    this.supervisor = new Supervisor(
      this.inFlight.map(({ buffer }, index) => ({ index, inFlight: buffer, ...shared })),
      config,
      this.slots,
      {
        onLog: (text, lines) => this.writeLog(text, lines),
        onConnectFailures: (slot, reason) => this.monitor.reportConnectFailures(slot, reason),
        onSick: (slot, what, reason) => this.sick.report(slot, what, reason),
        onUp: (index, again) => this.workerUp(index, again),
        onLost: (index, end, delay) => this.workerLost(index, end, delay),
        onGivenUp: (index, left) => this.workerGivenUp(index, left),
      },
      options,
    )
  }

  /** The listeners with their real ports; empty until started. */
  get addresses(): readonly BoundListener[] {
    return this.bound
  }

  /**
   * Resolves when every listener accepts connections. Rejects with an error that has the system's `code` (`EADDRINUSE`,
   * `EACCES`, …), `address` and `port` when one of them cannot.
   */
  start(): Promise<void> {
    this.started ??= this.doStart()
    return this.started
  }

  /**
   * Accepts nothing new, waits up to `timeout` ms (`shutdown_timeout` unless told) for what is in flight, cuts the rest.
   * Resolves with the number of exchanges that finished and that were cut.
   */
  stop(options: { timeout?: number; signal?: string } = {}): Promise<{ finished: number; cut: number }> {
    this.stopped ??= this.doStop(options.timeout ?? this.config.shutdown_timeout, options.signal ?? '')
    return this.stopped
  }

  /** Adds a server to an upstream (the first one unless told). Throws ConfigError when it is not valid or already there. */
  async addServer(server: NewServer, upstream?: string): Promise<void> {
    const { name, servers } = this.upstream(upstream)
    const added = normaliseServer(server)
    if (servers.some((one) => addressKey(one) === addressKey(added))) {
      throw coded('OCTOLOAD_DUPLICATE_SERVER', `upstream ${name} already has the server ${added.url}`)
    }
    this.apply(name, [...servers, added])
    this.logger.log(serverAdded({ url: added.url, upstream: name }, added.weight))
  }

  /** Removes a server; what is in flight towards it finishes. Throws when there is no such server. */
  async removeServer(url: string, upstream?: string): Promise<void> {
    const { name, servers } = this.upstream(upstream)
    const key = addressKey(normaliseServer(url))
    const server = servers.find((candidate) => addressKey(candidate) === key)
    if (server === undefined) throw coded('OCTOLOAD_NO_SERVER', `upstream ${name} has no server ${url}`)
    const slot = this.slots.servers[serverKey(name, server.url)]!
    this.apply(
      name,
      servers.filter((candidate) => candidate !== server),
    )
    this.logger.log(serverDraining({ url: server.url, upstream: name }, this.table.inFlight(slot)))
    this.reportRemoved({ url: server.url, upstream: name }, slot)
  }

  /** Every number there is, over all workers. */
  metrics(): Snapshot {
    const servers = this.config.upstreams.flatMap((upstream) =>
      upstream.servers.map((server) => ({
        slot: this.slots.servers[serverKey(upstream.name, server.url)]!,
        url: server.url,
        upstream: upstream.name,
        weight: server.weight,
        maxActive: server.max_active,
      })),
    )
    return takeSnapshot({
      table: this.table,
      counters: this.counters,
      mainCounters: this.mainCounters,
      servers,
      upstreams: this.config.upstreams.map((upstream) => ({
        name: upstream.name,
        turn: this.slots.turns[upstream.name]!,
        gated: isGated(upstream),
      })),
      gates: this.gates,
      samples: this.samples,
      failureKinds: FAILURE_NAMES,
      startedAt: this.startedAt,
    })
  }

  /** Writes what is left of the log at once: the last words before the process ends on a defect. */
  flushLogSync(): void {
    this.writer?.flushSync()
  }

  /** Says so once the last exchange with a removed server is over. */
  private reportRemoved(server: NamedServer, slot: number): void {
    const timer = setInterval(() => {
      if (this.table.inFlight(slot) > 0) return
      clearInterval(timer)
      this.removals.delete(timer)
      this.log(serverRemoved(server))
    }, REMOVAL_CHECK_MS)
    timer.unref()
    this.removals.add(timer)
  }

  private async doStart(): Promise<void> {
    await loadConfigStrategies(this.config)
    for (const upstream of this.config.upstreams) {
      for (const server of upstream.servers)
        this.log(serverAdded({ url: server.url, upstream: upstream.name }, server.weight))
    }
    const wanted = this.wantedWorkers
    if (this.counters.length < wanted) this.log(oneWorkerOnly(process.platform, wanted))
    this.limits.set(this.config.upstreams, this.slots.turns)
    this.watch()
    let ports: number[]
    try {
      ports = await this.supervisor.start()
    } catch (error) {
      this.limits.stop()
      this.sick.stop()
      await this.monitor.stop()
      await this.supervisor.drain(0)
      throw error
    }
    this.bound = this.config.listeners.map(({ name, address }, index) => ({ name, address, port: ports[index]! }))
    for (const { name, address, port } of this.bound) this.log(listening(name, address, port))
    this.emit('listening', this.bound)
  }

  private async doStop(timeout: number, signal: string): Promise<{ finished: number; cut: number }> {
    // Before anything else: an exchange that ends while we wait here has finished, too.
    const begun = this.total(COUNTER.requests)
    const active = this.total(COUNTER.exchangesActive)
    await this.started?.catch(() => {})
    this.log(shuttingDown(signal, active, timeout))
    for (const timer of this.removals) clearInterval(timer)
    this.sick.stop()
    const [cut] = await Promise.all([this.supervisor.drain(timeout), this.monitor.stop()])
    this.limits.stop()
    for (const counters of this.counters) counters.setState(WORKER_STATE.up, 0)
    // What was active at the call, and what clients had sent already but no worker had read.
    const finished = active + this.total(COUNTER.requests) - begun - cut
    this.log(shutdownComplete(finished, cut))
    await this.writer?.flush()
    return { finished, cut }
  }

  private total(counter: Counter): number {
    return this.counters.reduce((sum, counters) => sum + counters.get(counter), 0)
  }

  private makeWriter(): LogWriter {
    return new LogWriter(standardOutput(), {
      format: (line) => this.logger.format(line),
      onDropped: (lines) => this.mainCounters.add(COUNTER.logLinesDropped, lines),
    })
  }

  private log(line: LogLine): void {
    this.logger.log(line)
  }

  private writeLog(text: string, lines: number): void {
    this.writer?.write(text, lines)
    if (this.listenerCount('log') === 0) return
    for (const line of text.split('\n')) if (line !== '') this.emit('log', line)
  }

  private upstream(name: string | undefined): UpstreamConfig {
    const upstream =
      name === undefined ? this.config.upstreams[0] : this.config.upstreams.find((candidate) => candidate.name === name)
    if (upstream === undefined) throw coded('OCTOLOAD_NO_UPSTREAM', `there is no upstream ${name ?? ''}`)
    return upstream
  }

  /** Goes over to a changed list of servers. */
  private apply(upstreamName: string, servers: ServerConfig[]): void {
    const upstreams = this.config.upstreams.map((upstream) =>
      upstream.name === upstreamName ? { ...upstream, servers } : upstream,
    )
    const config = { ...this.config, upstreams }
    const { supervisor } = this
    this.slots = this.keeper.assign(config, supervisor.generation + 1, supervisor.installed)
    this.config = config
    this.limits.set(config.upstreams, this.slots.turns)
    this.watch()
    supervisor.update(config, this.slots)
  }

  private watch(): void {
    this.sick.watch(this.config, this.slots)
    this.monitor.watch(
      this.config.upstreams.flatMap((upstream) =>
        upstream.servers.map((server) => ({
          slot: this.slots.servers[serverKey(upstream.name, server.url)]!,
          upstream: upstream.name,
          server,
          check: upstream.health_check,
          passive: upstream.passive_health,
        })),
      ),
    )
  }

  private healthChanged({ upstream, server, health, reason }: HealthChange): void {
    const named = { url: server.url, upstream }
    const event: HealthEvent = { upstream, server: server.url, reason }
    // There is room on a server that came up; and when none is left nobody waits any longer.
    this.gates.wakeAll()
    if (health === UP) {
      this.log(serverHealthy(named, reason))
      this.emit('server-up', event)
    } else {
      this.log(serverUnhealthy(named, reason))
      this.emit('server-down', event)
      this.sick.rescue()
    }
    this.reportShortage(this.upstream(upstream), health === DOWN)
  }

  /** Says when too few servers are left, or enough again; `fewer`: one has just gone. */
  private reportShortage({ name, servers, panic_threshold }: UpstreamConfig, fewer: boolean): void {
    const all = servers.map((server) => fitnessOf(this.table, this.slots.servers[serverKey(name, server.url)]!))
    const staying = all.filter((fitness) => fitness !== FITNESS.leaving)
    const healthy = staying.filter((fitness) => fitness === FITNESS.healthy).length
    // The rule of balance/tiers.ts.
    const panic = healthy < panic_threshold * staying.length
    if (panic !== this.panicking.has(name)) {
      this.log((panic ? panicBegun : panicOver)(name, healthy, staying.length))
      if (panic) this.panicking.add(name)
      else this.panicking.delete(name)
    }
    if (fewer && healthy === 0 && !panic) this.log(allServersDown(name))
  }

  private workerUp(index: number, again: boolean): void {
    const counters = this.counters[index]!
    counters.setState(WORKER_STATE.up, 1)
    if (!again) return
    counters.setState(WORKER_STATE.restarts, counters.state(WORKER_STATE.restarts) + 1)
    this.log(workerReplaced(index))
  }

  /** Gives back what a dead worker held, so that no server seems busy for ever; returns its exchanges. */
  private workerLost(index: number, { reason, stack }: WorkerEnd, delay: number | null): number {
    const counters = this.counters[index]!
    const exchanges = counters.get(COUNTER.exchangesActive)
    this.inFlight[index]!.giveBack()
    this.gates.giveBack(index)
    this.sick.workerLost(index)
    counters.clearGauges()
    counters.setState(WORKER_STATE.up, 0)
    this.log(workerLost(index, reason, stack, delay))
    return exchanges
  }

  private workerGivenUp(index: number, left: number): void {
    this.counters[index]!.setState(WORKER_STATE.failed, 1)
    this.log(workerGivenUp(index, GIVEN_UP_AFTER, left))
    if (left > 0) return
    this.emit('failed', coded('OCTOLOAD_NO_WORKER', `no worker is left: each one ended ${GIVEN_UP_AFTER}`))
  }
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
