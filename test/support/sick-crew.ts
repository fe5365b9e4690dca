// Workers without threads or sockets before the same servers, and the keeper in the main thread: the code that finds sick
// servers, under a clock of its own.
import { Guard, type Sickness } from '../../src/balance/guard.ts'
import { Membership, Pool, type PoolServer } from '../../src/balance/pool.ts'
import type { SickEvent } from '../../src/balance/sick-event.ts'
import { SickKeeper, TICK_MS } from '../../src/balance/sick-keeper.ts'
import { seededRandom } from '../../src/base/random.ts'
import { normaliseConfig } from '../../src/config/load.ts'
import type { FileConfig } from '../../src/config/schema.ts'
import { compilePlan } from '../../src/plan/compile-plan.ts'
import { type ServerPlan, serverKey, type UpstreamPlan } from '../../src/plan/plan.ts'
import { OUTCOME } from '../../src/seams/strategy.ts'
import { Counters } from '../../src/shared/counters.ts'
import { InFlight } from '../../src/shared/in-flight.ts'
import { ServerTable } from '../../src/shared/server-table.ts'
import { Turns } from '../../src/shared/turns.ts'

type Upstream = Omit<NonNullable<FileConfig['upstreams']>[string], 'servers'>

const SLOTS = 64

export interface Answer {
  /** 0: none. */
  readonly status?: number
  readonly millis?: number
  /** A hedge was quicker. */
  readonly overtaken?: boolean
}

/** An attempt under way. */
export interface Try {
  readonly worker: number
  readonly server: number
  readonly trial: number
}

class CrewServer implements PoolServer {
  readonly membership = new Membership()
  readonly closed = false
  readonly plan: ServerPlan
  readonly slot: number

  constructor(plan: ServerPlan) {
    this.plan = plan
    this.slot = plan.slot
  }
}

export class SickCrew {
  readonly table: ServerTable
  readonly events: SickEvent[] = []
  readonly keeper: SickKeeper
  readonly plan: UpstreamPlan
  /** Milliseconds. */
  now = 1_000_000
  /** Reports of workers that have not arrived yet, if they are held. */
  readonly held: (() => void)[] = []
  holdsReports = false
  private readonly counters: readonly Counters[]
  private readonly workers: readonly { servers: readonly CrewServer[]; pool: Pool<CrewServer> }[]

  constructor(servers: number, upstream: Upstream, workers = 2) {
    const urls = Array.from({ length: servers }, (_, index) => `http://s:${index + 1}`)
    const config = normaliseConfig({ upstreams: { main: { strategy: 'round_robin', ...upstream, servers: urls } } })
    const slots = Object.fromEntries(urls.map((url, slot) => [serverKey('main', url), slot]))
    const plan = compilePlan(config, { servers: slots, turns: { main: 0 } }, 1).upstreams[0]!
    this.plan = plan
    this.table = new ServerTable(SLOTS, () => this.now)
    this.counters = Array.from({ length: workers }, () => new Counters(SLOTS))
    this.keeper = new SickKeeper(this.table, this.counters, {
      random: seededRandom(1),
      onEvent: (event) => this.events.push(event),
    })
    const turns = new Turns(1)
    this.workers = this.counters.map((counters) => {
      const members = plan.servers.map((server) => new CrewServer(server))
      const guard = new Guard(plan, this.table, counters, (slot, what, reason) => this.report(slot, what, reason))
      const tools = {
        table: this.table,
        inFlight: new InFlight(this.table, SLOTS),
        random: seededRandom(2),
        turn: (tier: number) => turns.at(0, tier),
        probe: () => {},
        onStrategyFailed: () => {},
        guard,
      }
      return { servers: members, pool: new Pool(plan, members, tools) }
    })
    const { outliers, breaker } = plan
    const kept = { name: 'main', outliers, breaker, servers: plan.servers.map(({ slot, url }) => ({ slot, url })) }
    this.keeper.watch([kept], this.now)
  }

  /** Begins an exchange in a worker; undefined when no server is left. */
  begin(worker = 0): Try | undefined {
    const { pool } = this.workers[worker]!
    const server = pool.choose({ hasTried: () => false, key: () => '' }, this.now)
    return server === null ? undefined : { worker, server: server.slot, trial: pool.trial }
  }

  /** Ends it, as the proxy does. */
  end({ worker, server, trial }: Try, { status = 200, millis = 1, overtaken = false }: Answer = {}): void {
    const { pool, servers } = this.workers[worker]!
    const member = servers[server]!
    if (overtaken) {
      pool.finish(member, OUTCOME.overtaken, millis, millis, this.now, 0, trial)
      return
    }
    if (status !== 0 && trial !== 0) pool.trialAnswered(member, trial, status, millis)
    const failed = status === 0 || this.plan.failureStatuses[status] === 1
    const outcome = failed ? OUTCOME.failed : OUTCOME.ok
    pool.finish(member, outcome, millis, millis, this.now, status, status === 0 ? trial : 0)
  }

  /** The client went away. */
  cancel({ worker, server, trial }: Try): void {
    const { pool, servers } = this.workers[worker]!
    pool.finish(servers[server]!, OUTCOME.cancelled, 1, 1, this.now, 0, trial)
  }

  /** Seconds that clients are told while no server is left. */
  get retryAfter(): number {
    return this.workers[0]!.pool.secondsToTrials()
  }

  /** Exchanges one after another, over all workers in turn, answered as `answer` says; returns how many each server had. */
  run(exchanges: number, answer: (server: number) => Answer = () => ({})): number[] {
    const counts = this.plan.servers.map(() => 0)
    for (let exchange = 0; exchange < exchanges; exchange++) {
      const one = this.begin(exchange % this.workers.length)
      if (one === undefined) continue
      counts[one.server]!++
      this.end(one, answer(one.server))
    }
    return counts
  }

  /** Lets time pass, with all its ticks. */
  pass(millis: number): void {
    for (const end = this.now + millis; this.now < end; ) {
      this.now = Math.min(this.now + TICK_MS, end)
      this.keeper.tick(this.now)
    }
  }

  /** The events so far, in short: `ejected 0`. */
  get story(): string[] {
    return this.events.map(({ kind, slot }) => `${kind} ${slot}`)
  }

  private report(slot: number, what: Sickness, reason: string): void {
    const arrive = () => this.keeper.report(slot, what, reason, this.now)
    if (this.holdsReports) this.held.push(arrive)
    else arrive()
  }
}
