import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normaliseConfig } from '../config/load.ts'
import type { FileConfig } from '../config/schema.ts'
import { BAR, DOWN, ServerTable, UP } from '../shared/server-table.ts'
import { DRAIN_SAID, READY_SAID, Standing } from '../shared/standing.ts'
import { type FeedbackEvent, FeedbackKeeper } from './feedback-keeper.ts'

const URLS = ['http://s:1', 'http://s:2', 'http://s:3']

class Fixture {
  now = 1_000_000
  readonly table = new ServerTable(8, () => this.now)
  readonly standing = new Standing(this.table)
  readonly events: FeedbackEvent[] = []
  readonly keeper = new FeedbackKeeper(this.table, (event) => this.events.push(event))

  constructor(server_feedback: NonNullable<FileConfig['server_feedback']>, weights = [1, 1, 1]) {
    const feedback = normaliseConfig({ servers: { urls: URLS }, server_feedback }).upstreams[0]!.server_feedback
    const servers = weights.map((weight, slot) => ({ slot, url: URLS[slot]!, weight }))
    this.keeper.watch([{ name: 'main', feedback, servers }])
  }

  tick(millis = 1000): void {
    this.now += millis
    this.keeper.tick(this.now)
  }

  say(slot: number, weight: number, drain = 0): void {
    this.standing.say(slot, weight, drain, this.now)
  }

  get factors(): number[] {
    return URLS.map((_, slot) => this.table.weightFactor(slot))
  }

  get pickable(): boolean[] {
    return URLS.map((_, slot) => this.table.pickable(slot))
  }
}

test('a weight by header goes in steps of a twentieth, and pickers hear only of a step', () => {
  const fixture = new Fixture({ headers: true })
  fixture.say(1, 52)
  fixture.tick()
  assert.deepEqual(fixture.factors, [1, 0.5, 1])
  const epoch = fixture.table.healthEpoch()
  for (const weight of [51, 49, 53]) {
    fixture.say(1, weight)
    fixture.tick()
  }
  assert.equal(fixture.table.healthEpoch(), epoch)
  fixture.say(1, 1)
  fixture.tick()
  assert.deepEqual(fixture.factors, [1, 0.05, 1])
  fixture.say(1, 100)
  fixture.tick()
  assert.deepEqual(fixture.factors, [1, 1, 1])
})

test('what was said is forgotten after the expiry', () => {
  const fixture = new Fixture({ headers: true, expiry: '3m' })
  fixture.say(0, 50)
  fixture.say(1, -1, DRAIN_SAID)
  fixture.tick()
  assert.deepEqual([fixture.factors[0], fixture.pickable[1]], [0.5, false])
  fixture.tick(178_000)
  assert.deepEqual([fixture.factors[0], fixture.pickable[1]], [0.5, false])
  fixture.tick(2000)
  assert.deepEqual([fixture.factors[0], fixture.pickable[1]], [1, true])
})

test('a server drains by its word and is back by its word, and a weight of nothing is the same', () => {
  const fixture = new Fixture({ headers: true })
  fixture.say(0, -1, DRAIN_SAID)
  fixture.say(2, 0)
  fixture.tick()
  assert.deepEqual(fixture.pickable, [false, true, false])
  fixture.say(0, -1, READY_SAID)
  fixture.say(2, 40)
  fixture.tick()
  assert.deepEqual(fixture.pickable, [true, true, true])
  assert.equal(fixture.factors[2], 0.4)
})

test('the last server cannot drain itself away, and the refusal is told once', () => {
  const fixture = new Fixture({ headers: true })
  for (const slot of [0, 1, 2]) fixture.say(slot, -1, DRAIN_SAID)
  for (let tick = 0; tick < 5; tick++) fixture.tick()
  assert.deepEqual(fixture.pickable, [false, false, true])
  assert.equal(fixture.events.filter((event) => event.kind === 'drains' && event.refused).length, 1)
  fixture.say(0, -1, READY_SAID)
  fixture.tick()
  fixture.tick()
  assert.deepEqual(fixture.pickable, [true, false, false], 'once another is back, the wish is granted')
})

test('when the last other server goes down, those that wanted to drain serve again', () => {
  const fixture = new Fixture({ headers: true })
  fixture.say(0, -1, DRAIN_SAID)
  fixture.say(1, -1, DRAIN_SAID)
  fixture.tick()
  assert.deepEqual(fixture.pickable, [false, false, true])
  fixture.table.setHealth(2, DOWN)
  fixture.keeper.rescue()
  assert.deepEqual(fixture.pickable, [true, true, false])
  fixture.table.setHealth(2, UP)
  fixture.tick()
  assert.deepEqual(fixture.pickable, [false, false, true])
})

test('each answer of an agent changes what it is about, and silence changes nothing', () => {
  const fixture = new Fixture({ agent_port: 9000 })
  fixture.keeper.agentSaid(0, { weight: 50 }, fixture.now)
  fixture.keeper.agentSaid(1, { down: true }, fixture.now)
  fixture.tick()
  assert.deepEqual([fixture.factors[0], fixture.pickable], [0.5, [true, false, true]])
  assert.equal(fixture.table.bars(1), BAR.agent)
  fixture.keeper.agentSaid(0, { drain: true }, fixture.now)
  fixture.tick()
  assert.deepEqual([fixture.factors[0], fixture.pickable], [0.5, [false, false, true]])
  fixture.keeper.agentSaid(0, { drain: false }, fixture.now)
  fixture.keeper.agentSaid(1, { down: false, weight: 100 }, fixture.now)
  fixture.tick()
  assert.deepEqual([fixture.factors[0], fixture.pickable], [0.5, [true, true, true]])
})

test('load reports count after the blackout, and no longer when they stop', () => {
  const fixture = new Fixture({ orca: true, orca_blackout: '10s', expiry: '3m' })
  const reportAll = () => {
    for (const slot of [0, 1, 2]) fixture.standing.reportLoad(slot, slot === 0 ? 100 : 200, fixture.now)
  }
  for (let second = 0; second < 9; second++) {
    reportAll()
    fixture.tick()
  }
  assert.deepEqual(fixture.factors, [1, 1, 1])
  for (let second = 0; second < 3; second++) {
    reportAll()
    fixture.tick()
  }
  assert.deepEqual(fixture.factors, [0.5, 1, 1])
  fixture.tick(181_000)
  assert.deepEqual(fixture.factors, [1, 1, 1])
})

test('load reports are measured by the configured weights', () => {
  const fixture = new Fixture({ orca: true, orca_blackout: 'off' }, [1, 2, 4])
  for (const slot of [0, 1, 2]) fixture.standing.reportLoad(slot, 100 * 2 ** slot, fixture.now)
  fixture.tick()
  assert.deepEqual(fixture.factors, [1, 1, 1], 'they can do just what the config thinks')
})

test('no server ever gets beyond its configured weight, whatever it says', () => {
  const fixture = new Fixture({ headers: true, orca: true, orca_blackout: 'off', agent_port: 1 })
  fixture.standing.reportLoad(0, 1e18, fixture.now)
  fixture.standing.reportLoad(1, 1, fixture.now)
  fixture.standing.reportLoad(2, 1, fixture.now)
  fixture.keeper.agentSaid(0, { weight: 100 }, fixture.now)
  fixture.say(0, 100)
  fixture.tick()
  assert.deepEqual(fixture.factors, [1, 0.5, 0.5])
})

test('what only one source says counts, and the least of several', () => {
  const fixture = new Fixture({ headers: true, agent_port: 1 })
  fixture.say(0, 80)
  fixture.keeper.agentSaid(0, { weight: 30 }, fixture.now)
  fixture.tick()
  assert.deepEqual(fixture.factors, [0.3, 1, 1])
})

test('when feedback is turned off, what was said is over', () => {
  const fixture = new Fixture({ headers: true })
  fixture.say(0, 50)
  fixture.say(1, -1, DRAIN_SAID)
  fixture.tick()
  fixture.keeper.watch([])
  assert.deepEqual(
    [fixture.factors, fixture.pickable],
    [
      [1, 1, 1],
      [true, true, true],
    ],
  )
})
