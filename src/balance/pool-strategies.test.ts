// Every strategy inside a pool: whom it may choose, and what goes over to the pool of the next plan.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../base/random.ts'
import { normaliseConfig } from '../config/load.ts'
import { compilePlan } from '../plan/compile-plan.ts'
import { serverKey, type UpstreamPlan } from '../plan/plan.ts'
import { registry } from '../registry.ts'
import { OUTCOME } from '../seams/strategy.ts'
import { InFlight } from '../shared/in-flight.ts'
import { DOWN, DRAINING, ServerTable, UP } from '../shared/server-table.ts'
import { Turns } from '../shared/turns.ts'
import { Membership, Pool, type PoolExchange, type PoolServer } from './pool.ts'

const NAMES = Object.keys(registry.strategies)
const random = seededRandom(1)
const fresh: PoolExchange = { hasTried: () => false, key: () => String(random()) }

function planFor(strategy: string, servers: { url: string; max_active?: number }[]): UpstreamPlan {
  const config = normaliseConfig({ upstreams: { main: { strategy, servers } } })
  const slots = Object.fromEntries(servers.map(({ url }, slot) => [serverKey('main', url), slot]))
  return compilePlan(config, { servers: slots, turns: { main: 0 } }, 1).upstreams[0]!
}

function poolOf(strategy: string, count: number, max_active?: number) {
  const servers = Array.from({ length: count }, (_, number) => ({
    url: `http://10.0.0.${number}`,
    ...(max_active === undefined ? {} : { max_active }),
  }))
  const plan = planFor(strategy, servers)
  const table = new ServerTable(count + 1)
  const turns = new Turns(1)
  const tools = {
    table,
    inFlight: new InFlight(table, count + 1),
    turn: (tier: number) => turns.at(0, tier),
    random: seededRandom(1),
    probe: () => {},
    onStrategyFailed: assert.fail,
  }
  const members = plan.servers.map(
    (one): PoolServer => ({ slot: one.slot, plan: one, closed: false, membership: new Membership() }),
  )
  return { pool: new Pool(plan, members, tools), plan, members, table, tools }
}

for (const name of NAMES) {
  test(`${name}: a server that is down or draining is never chosen, and is again once it is up`, () => {
    const { pool, members, table } = poolOf(name, 5)
    const chosen = (): Set<number> => {
      const slots = new Set<number>()
      for (let i = 0; i < 200; i++) {
        const server = pool.choose(fresh, 0)
        if (server === null) continue
        slots.add(server.slot)
        pool.finish(server, OUTCOME.ok, 1, 1, 0)
      }
      return slots
    }
    table.setHealth(0, DOWN)
    table.setHealth(3, DRAINING)
    const some = chosen()
    assert.ok(some.size > 0 && !some.has(0) && !some.has(3), `${[...some]}`)
    for (const { slot } of members) table.setHealth(slot, DOWN)
    assert.equal(chosen().size, 0)
    assert.equal(pool.anyUp, false)
    table.setHealth(0, UP)
    assert.deepEqual([...chosen()], [0])
  })

  test(`${name}: servers fill up to their limits and no further, whoever else takes places`, () => {
    const { pool, members, table, tools } = poolOf(name, 4, 3)
    const other = new InFlight(table, 5)
    for (let slot = 0; slot < 4; slot++) other.takeBelow(slot, 3)
    const taken = Array.from({ length: 8 }, () => pool.choose(fresh, 0))
    assert.ok(taken.every((server) => server !== null))
    assert.deepEqual(
      members.map(({ slot }) => table.inFlight(slot)),
      [3, 3, 3, 3],
    )
    assert.equal(pool.choose(fresh, 0), null)
    pool.finish(taken[5]!, OUTCOME.ok, 1, 1, 0)
    assert.equal(pool.choose(fresh, 0), taken[5])
    tools.inFlight.giveBack()
  })
}

test('what was learned goes over to the pool of the next plan, and late ends of the former one do no harm', () => {
  const { pool, plan, members, tools, table } = poolOf('least_time', 3)
  const first = Array.from({ length: 3 }, () => pool.choose(fresh, 0)!)
  for (const server of first) pool.finish(server, OUTCOME.ok, server.slot === 1 ? 5 : 500, 500, 1)
  const late = pool.choose(fresh, 2)!
  assert.equal(late.slot, 1)
  // Another order, and one more.
  const added: PoolServer = { slot: 3, plan: plan.servers[0]!, closed: false, membership: new Membership() }
  const next = new Pool(plan, [added, members[2]!, members[1]!, members[0]!], tools, pool)
  assert.equal(next.choose(fresh, 3)!.slot, 1)
  pool.finish(late, OUTCOME.ok, 5, 5, 4)
  pool.finish(added, OUTCOME.ok, 5, 5, 4)
  assert.equal(table.inFlight(1), 1)
})
