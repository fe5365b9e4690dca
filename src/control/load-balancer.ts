// The load balancer as its owner sees it, be that the command line or a program that imports octoload. It lives in the
// main thread and puts the parts together: config, slots, health checks, workers, log, metrics.
import { EventEmitter } from 'node:events'
import { availableParallelism } from 'node:os'
import type { Config, ServerConfig, UpstreamConfig } from '../config/config.ts'
import { normaliseConfig, normaliseServer } from '../config/load.ts'
import type { FileConfig } from '../config/schema.ts'
import { addressKey } from '../config/server-url.ts'
import {
  allServersDown,
  type LogLine,
  listening,
  type NamedServer,
  serverAdded,
  serverDraining,
  serverHealthy,
  serverRemoved,
  serverUnhealthy,
  shutdownComplete,
  shuttingDown,
  workerLost,
} from '../observe/lines.ts'
import { wantsColour } from '../observe/log-colour.ts'
import { standardOutput } from '../observe/log-output.ts'
import { LogWriter } from '../observe/log-writer.ts'
import { Logger } from '../observe/logger.ts'
import { type Snapshot, takeSnapshot } from '../observe/snapshot.ts'
import { type Slots, serverKey } from '../plan/plan.ts'
import { FAILURE_NAMES } from '../seams/failures.ts'
import { COUNTER, type Counter, Counters, SERVER_COUNTER } from '../shared/counters.ts'
import { ServerTable, UP } from '../shared/server-table.ts'
import { Turns } from '../shared/turns.ts'
import { type HealthChange, HealthMonitor } from './health-monitor.ts'
import { SlotKeeper } from './slots.ts'
import { Supervisor } from './supervisor.ts'

const SPARE_SLOTS = 1024
const TURNS = 1024
const REMOVAL_CHECK_MS = 100
/** Where several threads can listen on one port (`reusePort` of net.Server). */
const SHARES_PORTS = new Set(['linux', 'freebsd', 'dragonfly', 'sunos', 'aix'])

export interface LoadBalancerOptions {
  /** Write the log to standard output; false unless told. The 'log' event carries it in any case. */
  readonly stdout?: boolean
}

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
  private readonly counters: Counters[]
  /** Those of the main thread itself. */
  private readonly ownCounters: Counters
  private readonly keeper: SlotKeeper
  private readonly monitor: HealthMonitor
  private readonly supervisor: Supervisor
  private readonly logger: Logger
  private readonly writer: LogWriter | null
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
    const workers = workerCount(config)
    this.table = new ServerTable(capacity)
    this.counters = Array.from({ length: workers }, () => new Counters(capacity))
    this.ownCounters = new Counters(capacity)
    this.keeper = new SlotKeeper(this.table, this.counters, TURNS)
    this.slots = this.keeper.assign(config)
    this.monitor = new HealthMonitor({ table: this.table, onChange: (change) => this.healthChanged(change) })
    const shared = {
      table: this.table.buffer,
      turns: this.turns.buffer,
      counters: [...this.counters, this.ownCounters].map((counters) => counters.buffer),
      startedAt: this.startedAt,
      colour,
    }
    this.supervisor = new Supervisor(
      this.counters.map((_, index) => ({ index, ...shared })),
      config,
      this.slots,
      {
        onLog: (text, lines) => this.writeLog(text, lines),
        onConnectFailures: (slot, reason) => this.monitor.reportConnectFailures(slot, reason),
        onLost: (index, reason) => this.workerLost(index, reason),
      },
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
  async addServer(server: string | { url: string; weight?: number }, upstream?: string): Promise<void> {
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
      })),
    )
    return takeSnapshot({
      table: this.table,
      counters: [...this.counters, this.ownCounters],
      servers,
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
    for (const upstream of this.config.upstreams) {
      for (const server of upstream.servers)
        this.log(serverAdded({ url: server.url, upstream: upstream.name }, server.weight))
    }
    this.watch()
    let ports: number[]
    try {
      ports = await this.supervisor.start()
    } catch (error) {
      await this.monitor.stop()
      await this.supervisor.drain(0)
      throw error
    }
    this.bound = this.config.listeners.map(({ name, address }, index) => ({ name, address, port: ports[index]! }))
    for (const { name, address, port } of this.bound) this.log(listening(name, address, port))
    this.emit('listening', this.bound)
  }

  private async doStop(timeout: number, signal: string): Promise<{ finished: number; cut: number }> {
    await this.started?.catch(() => {})
    const begun = this.total(COUNTER.requests)
    const active = this.total(COUNTER.exchangesActive)
    this.log(shuttingDown(signal, active, timeout))
    for (const timer of this.removals) clearInterval(timer)
    const [cut] = await Promise.all([this.supervisor.drain(timeout), this.monitor.stop()])
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
      onDropped: (lines) => this.ownCounters.add(COUNTER.logLinesDropped, lines),
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
    this.slots = this.keeper.assign(config)
    this.config = config
    this.watch()
    this.supervisor.update(config, this.slots)
  }

  private watch(): void {
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
    if (health === UP) {
      this.log(serverHealthy(named, reason))
      this.emit('server-up', event)
      return
    }
    this.log(serverUnhealthy(named, reason))
    this.emit('server-down', event)
    const servers = this.config.upstreams.find((candidate) => candidate.name === upstream)?.servers ?? []
    const anyUp = servers.some((one) => this.table.health(this.slots.servers[serverKey(upstream, one.url)]!) === UP)
    if (!anyUp) this.log(allServersDown(upstream))
  }

  /** Gives back what a dead worker held, so that no server seems busy for ever. */
  private workerLost(index: number, reason: string): void {
    const counters = this.counters[index]!
    for (const slot of Object.values(this.slots.servers)) {
      const held = counters.forServer(slot, SERVER_COUNTER.inFlight)
      this.table.addInFlight(slot, -held)
      for (const gauge of [SERVER_COUNTER.inFlight, SERVER_COUNTER.connectionsActive, SERVER_COUNTER.connectionsIdle]) {
        counters.addForServer(slot, gauge, -counters.forServer(slot, gauge))
      }
    }
    for (const gauge of [COUNTER.exchangesActive, COUNTER.clientConnectionsActive, COUNTER.tunnelsActive]) {
      counters.add(gauge, -counters.get(gauge))
    }
    this.log(workerLost(index, reason))
  }
}

function workerCount(config: Config): number {
  if (!SHARES_PORTS.has(process.platform)) return 1
  return config.workers === 0 ? availableParallelism() : config.workers
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
