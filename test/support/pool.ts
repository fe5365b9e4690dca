// A pool without sockets, before servers in a table of its own.

import { Membership, Pool, type PoolExchange, type PoolServer, type PoolTools } from '../../src/balance/pool.ts'
import { seededRandom } from '../../src/base/random.ts'
import { normaliseConfig } from '../../src/config/load.ts'
import type { FileConfig } from '../../src/config/schema.ts'
import { compilePlan } from '../../src/plan/compile-plan.ts'
import { type ServerPlan, serverKey, type UpstreamPlan } from '../../src/plan/plan.ts'
import { OUTCOME } from '../../src/seams/strategy.ts'
import { InFlight } from '../../src/shared/in-flight.ts'
import { ServerTable } from '../../src/shared/server-table.ts'
import { Turns } from '../../src/shared/turns.ts'

class TestServer implements PoolServer {
  readonly membership = new Membership()
  readonly closed = false
  readonly plan: ServerPlan

  constructor(plan: ServerPlan) {
    this.plan = plan
  }

  get slot(): number {
    return this.plan.slot
  }
}

type Upstream = NonNullable<FileConfig['upstreams']>[string]

export class TestPool {
  readonly table: ServerTable
  readonly servers: readonly TestServer[]
  readonly pool: Pool<TestServer>
  now = 0
  private readonly tools: PoolTools<TestServer>

  /** One upstream as in a config file; servers are numbered from 0 in its order. */
  constructor(upstream: Upstream, top: Partial<FileConfig> = {}, before?: TestPool) {
    const plan = upstreamPlan(upstream, top)
    this.table = before?.table ?? new ServerTable(64, () => this.now)
    const turns = new Turns(1)
    this.tools = before?.tools ?? {
      table: this.table,
      inFlight: new InFlight(this.table, 64),
      random: seededRandom(1),
      turn: (tier) => turns.at(0, tier),
      probe: () => {},
      onStrategyFailed: () => {},
    }
    this.now = before?.now ?? 0
    this.servers = plan.servers.map((server, slot) => before?.servers[slot] ?? new TestServer(server))
    this.pool = new Pool(plan, this.servers, this.tools, before?.pool)
  }

  /** The number of the chosen server, which keeps its place; undefined when there is none. */
  choose(...tried: number[]): number | undefined {
    const exchange: PoolExchange = { hasTried: (slot) => tried.includes(slot), key: () => '' }
    return this.pool.choose(exchange, this.now)?.slot
  }

  finish(server: number): void {
    this.pool.finish(this.servers[server]!, OUTCOME.ok, 1, 1, this.now)
  }

  /** How often each server is chosen by exchanges that end at once. */
  tally(exchanges: number): number[] {
    const counts = this.servers.map(() => 0)
    for (let exchange = 0; exchange < exchanges; exchange++) {
      const server = this.choose()
      if (server === undefined) continue
      counts[server]!++
      this.finish(server)
    }
    return counts
  }
}

function upstreamPlan(upstream: Upstream, top: Partial<FileConfig>): UpstreamPlan {
  const config = normaliseConfig({ ...top, upstreams: { main: upstream } })
  const slots = config.upstreams[0]!.servers.map((server, slot) => [serverKey('main', server.url), slot])
  return compilePlan(config, { servers: Object.fromEntries(slots), turns: { main: 0 } }, 1).upstreams[0]!
}
