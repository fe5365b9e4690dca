// What everything on the hot path of one thread shares. A new plan is installed by replacing what hangs on it; exchanges
// under way keep the objects they began with, but for the choice of another server.
import type { Sickness } from '../balance/guard.ts'
import { Bag } from '../base/bag.ts'
import { IpSet } from '../base/ip-set.ts'
import { TimerWheel } from '../base/timer-wheel.ts'
import { findValue } from '../http1/fields.ts'
import type { RequestHead } from '../http1/request-head.ts'
import type { Plan } from '../plan/plan.ts'
import { compileRoutes } from '../router/router.ts'
import type { Counters } from '../shared/counters.ts'
import type { Gates } from '../shared/gates.ts'
import type { InFlight } from '../shared/in-flight.ts'
import type { ServerTable } from '../shared/server-table.ts'
import type { Turns } from '../shared/turns.ts'
import type { UpstreamSamples } from '../shared/upstream-samples.ts'
import { type Answer, explain } from './answer.ts'
import { Buffers } from './buffers.ts'
import type { ClientConnection } from './client-connection.ts'
import type { ExchangeLog } from './exchange-log.ts'
import { Forwarder } from './forwarder.ts'
import { Prober } from './prober.ts'
import { Route } from './route.ts'
import { Server } from './server.ts'
import { Upstream } from './upstream.ts'

export interface RuntimeOptions {
  readonly table: ServerTable
  readonly inFlight: InFlight
  /** The number of this worker. */
  readonly worker: number
  readonly turns: Turns
  readonly gates: Gates
  readonly samples: UpstreamSamples
  readonly counters: Counters
  readonly log: ExchangeLog
  readonly random: () => number
  /** Client connections of all workers. */
  readonly clientConnections: () => number
  /** Answers the metrics path: content type and body. */
  readonly metrics: (accept: string, query: string) => { contentType: string; body: string }
  /** Tells the main thread that a server was taken down after connect failures in a row. */
  readonly onConnectFailures: (slot: number, reason: string) => void
  /** Tells the main thread that a server was ejected, or that its circuit breaker has opened or closed. */
  readonly onSick: (slot: number, what: Sickness, reason: string) => void
}

export class Runtime {
  readonly options: RuntimeOptions
  readonly table: ServerTable
  readonly inFlight: InFlight
  readonly counters: Counters
  readonly log: ExchangeLog
  readonly wheel = new TimerWheel()
  /** For the short waits before retries and hedges. It costs nothing while nobody waits. */
  readonly fineWheel = new TimerWheel(() => performance.now(), 2)
  readonly buffers = new Buffers()
  readonly clients = new Bag<ClientConnection>()
  readonly prober = new Prober(this)
  draining = false
  /** Called when the last client has gone. */
  onEmpty: (() => void) | null = null
  plan: Plan
  forwarder: Forwarder
  route: (method: string, host: string, target: string) => Route | undefined
  /** By slot. */
  private servers = new Map<number, Server>()
  private upstreams = new Map<string, Upstream>()
  private routes = new Map<string, Route>()

  constructor(plan: Plan, options: RuntimeOptions) {
    this.options = options
    this.table = options.table
    this.inFlight = options.inFlight
    this.counters = options.counters
    this.log = options.log
    this.plan = plan
    this.forwarder = new Forwarder(plan.forwarding, new IpSet(plan.forwarding.trusted_proxies))
    this.route = () => undefined
    this.install(plan)
    options.gates.onWake(options.worker, () => this.lookAtQueues())
  }

  /** Goes over to a new plan. Servers that stay keep their idle connections; those that go close theirs. */
  install(plan: Plan): void {
    const servers = new Map<number, Server>()
    const upstreams = new Map<string, Upstream>()
    for (const upstream of plan.upstreams) {
      const members = upstream.servers.map((serverPlan) => {
        const server = this.servers.get(serverPlan.slot) ?? new Server(this, serverPlan, upstream)
        server.update(serverPlan, upstream)
        servers.set(serverPlan.slot, server)
        return server
      })
      upstreams.set(upstream.name, new Upstream(this, upstream, members, this.upstreams.get(upstream.name)))
    }
    for (const [slot, server] of this.servers) if (!servers.has(slot)) server.close()
    this.plan = plan
    this.servers = servers
    this.upstreams = upstreams
    this.forwarder = new Forwarder(plan.forwarding, new IpSet(plan.forwarding.trusted_proxies))
    const routes = plan.routes.map(
      (route) => new Route(route, upstreams.get(route.upstream.name)!, this.routes.get(route.name)),
    )
    this.routes = new Map(routes.map((route) => [route.plan.name, route]))
    this.route = compileRoutes(routes.map((route) => ({ match: route.plan.match, value: route })))
  }

  /** The upstream of the present plan that has taken the place of this one. */
  current(upstream: Upstream): Upstream {
    return this.upstreams.get(upstream.plan.name) ?? upstream
  }

  /** Another thread says that someone who waits here may go on. */
  private lookAtQueues(): void {
    for (const { admission } of this.upstreams.values()) admission?.gate.freed()
  }

  clientGone(client: ClientConnection): void {
    this.clients.delete(client)
    if (this.clients.size === 0) this.onEmpty?.()
  }

  /** Whether a target is the metrics endpoint. */
  isMetrics(target: string): boolean {
    const path = this.plan.metricsPath
    return path !== '' && target.startsWith(path) && (target.length === path.length || target[path.length] === '?')
  }

  metricsAnswer(head: RequestHead): Answer {
    if (head.method !== 'GET' && head.method !== 'HEAD') {
      return explain(405, 'method_not_allowed', 'The metrics are read with GET.', head)
    }
    const query = head.target.slice(this.plan.metricsPath.length + 1)
    const accept = findValue(head.fields.forward, 'accept')
    return {
      status: 200,
      headers: 'Cache-Control: no-store\r\nVary: Accept\r\n',
      ...this.options.metrics(accept, query),
    }
  }

  /** Closes what is idle towards servers and stops the clockwork. */
  close(): void {
    for (const server of this.servers.values()) server.close()
    this.prober.close()
    this.wheel.stop()
    this.fineWheel.stop()
  }
}
