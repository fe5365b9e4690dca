// One server of an upstream in this thread, and the connections to it that wait for their next request.
import type { LookupFunction } from 'node:net'
import { Membership, type PoolServer } from '../balance/pool.ts'
import { cachedLookup } from '../base/cached-lookup.ts'
import type { ServerPlan, UpstreamPlan } from '../plan/plan.ts'
import { SERVER_COUNTER } from '../shared/counters.ts'
import { ResponseFeedback } from './response-feedback.ts'
import type { Runtime } from './runtime.ts'
import { ServerConnection } from './server-connection.ts'

export class Server implements PoolServer {
  readonly slot: number
  readonly runtime: Runtime
  readonly lookup: LookupFunction = cachedLookup
  plan: ServerPlan
  upstream: UpstreamPlan
  /** Reads what its responses say about it; null when nobody listens. */
  feedback: ResponseFeedback | null
  /** Prepared text for the selection log, of a form that only the log knows. */
  selectionText: unknown = null
  /** The one that was used last is at the end and goes first: the others may grow old and be closed. */
  private readonly idle: ServerConnection[] = []
  /** It has left the plan. */
  closed = false
  readonly membership = new Membership()

  constructor(runtime: Runtime, plan: ServerPlan, upstream: UpstreamPlan) {
    this.slot = plan.slot
    this.runtime = runtime
    this.plan = plan
    this.upstream = upstream
    this.feedback = ResponseFeedback.make(upstream, runtime.table)
  }

  /** Goes over to a new plan for the same server. */
  update(plan: ServerPlan, upstream: UpstreamPlan): void {
    this.plan = plan
    this.upstream = upstream
    this.feedback = ResponseFeedback.make(upstream, this.runtime.table)
    this.selectionText = null
  }

  /** `host:port`, as in a Host header. */
  get authority(): string {
    return this.plan.url.slice(this.plan.url.indexOf('//') + 2)
  }

  /** An idle connection, or a new one that is being opened. */
  connection(fresh: boolean): ServerConnection {
    const connection = fresh ? undefined : this.idle.pop()
    if (connection === undefined) return new ServerConnection(this)
    this.runtime.counters.addForServer(this.slot, SERVER_COUNTER.connectionsIdle, -1)
    return connection
  }

  /** Keeps a connection for the next request; false when it is not wanted. */
  keep(connection: ServerConnection): boolean {
    if (this.closed || this.idle.length >= this.upstream.connections.idle_per_server) return false
    this.idle.push(connection)
    this.runtime.counters.addForServer(this.slot, SERVER_COUNTER.connectionsIdle)
    return true
  }

  /** Forgets an idle connection that has closed. */
  forget(connection: ServerConnection): void {
    const index = this.idle.lastIndexOf(connection)
    if (index < 0) return
    this.idle.splice(index, 1)
    this.runtime.counters.addForServer(this.slot, SERVER_COUNTER.connectionsIdle, -1)
  }

  /** Closes all idle connections: they are stale when one of them was. */
  closeIdle(): void {
    for (const connection of this.idle.splice(0)) {
      this.runtime.counters.addForServer(this.slot, SERVER_COUNTER.connectionsIdle, -1)
      connection.destroy()
    }
  }

  /** The server has left the plan. */
  close(): void {
    this.closed = true
    this.closeIdle()
    this.runtime.prober.close(this)
  }

  /** A connection could not be opened. Several in a row take the server down at once, before the next health check. */
  connectFailed(reason: string): void {
    const limit = this.upstream.connectFailures
    if (this.runtime.table.addConnectFailure(this.slot) !== limit) return
    if (this.runtime.table.takeDown(this.slot)) this.runtime.options.onConnectFailures(this.slot, reason)
  }

  connected(): void {
    this.runtime.table.clearConnectFailures(this.slot)
  }
}
