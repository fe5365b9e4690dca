import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InFlight } from './in-flight.ts'
import { BAR, DOWN, DRAINING, ServerTable, UP } from './server-table.ts'

test('the epoch changes with every change of health, and only then', () => {
  const table = new ServerTable(2)
  const epochs = [table.healthEpoch()]
  const note = () => epochs.push(table.healthEpoch())
  assert.equal(table.setHealth(1, DOWN), true)
  note()
  assert.equal(table.setHealth(1, DOWN), false)
  new InFlight(table, 2).take(1)
  table.addConnectFailure(1)
  note()
  assert.equal(table.setHealth(1, DRAINING), true)
  note()
  table.reset(1)
  note()
  const first = epochs[0]!
  assert.deepEqual(
    epochs.map((epoch) => epoch - first),
    [0, 1, 1, 2, 3],
  )
})

test('a slot made ready for a new server is up and empty, and its neighbours keep their state', () => {
  const table = new ServerTable(3)
  const inFlight = new InFlight(table, 3)
  for (const slot of [0, 1, 2]) {
    table.setHealth(slot, DOWN)
    inFlight.take(slot)
    table.addConnectFailure(slot)
  }
  table.reset(1)
  assert.deepEqual(
    [0, 1, 2].map((slot) => table.health(slot)),
    [DOWN, UP, DOWN],
  )
  assert.deepEqual(
    [0, 1, 2].map((slot) => table.inFlight(slot)),
    [1, 0, 1],
  )
  assert.deepEqual(
    [0, 1, 2].map((slot) => table.addConnectFailure(slot)),
    [2, 1, 2],
  )
})

test('counts of connect failures begin anew after a success', () => {
  const table = new ServerTable(1)
  assert.equal(table.addConnectFailure(0), 1)
  assert.equal(table.addConnectFailure(0), 2)
  table.clearConnectFailures(0)
  assert.equal(table.addConnectFailure(0), 1)
})

test('a table opened from a buffer has the same capacity and shows the same servers', () => {
  const table = new ServerTable(7)
  const opened = new ServerTable(table.buffer)
  table.setHealth(6, DOWN)
  assert.equal(opened.capacity, 7)
  assert.equal(opened.health(6), DOWN)
  assert.throws(() => opened.bars(7), RangeError)
})

test('health and bars do not overwrite each other, and each change is a new epoch', () => {
  const table = new ServerTable(2)
  const first = table.healthEpoch()
  assert.deepEqual([table.bar(1, BAR.ejected), table.bar(1, BAR.ejected)], [true, false])
  table.setHealth(1, DOWN)
  table.bar(1, BAR.drains)
  table.unbar(1, BAR.ejected)
  assert.deepEqual([table.health(1), table.bars(1), table.pickable(1)], [DOWN, BAR.drains, false])
  table.setHealth(1, UP)
  assert.equal(table.pickable(1), false)
  assert.deepEqual([table.unbar(1, BAR.drains), table.unbar(1, BAR.drains)], [true, false])
  assert.deepEqual([table.pickable(1), table.bars(0)], [true, 0])
  assert.equal(table.healthEpoch() - first, 6)
})

test('a weight factor is a new epoch only when it changes', () => {
  const table = new ServerTable(2)
  const first = table.healthEpoch()
  assert.equal(table.weightFactor(1), 1)
  assert.deepEqual([table.setWeightFactor(1, 350), table.setWeightFactor(1, 350)], [true, false])
  assert.deepEqual([table.weightFactor(0), table.weightFactor(1)], [1, 0.35])
  assert.equal(table.healthEpoch() - first, 1)
})

test('the table tells since when a server is pickable: new, up again, or no longer barred', () => {
  let now = 1000
  const table = new ServerTable(1, () => now++)
  assert.equal(table.upSince(0), 0)
  table.setHealth(0, DOWN)
  table.bar(0, BAR.ejected)
  table.setHealth(0, UP)
  assert.equal(table.upSince(0), 0, 'it is still barred')
  table.unbar(0, BAR.ejected)
  assert.equal(table.upSince(0), 1000)
  table.reset(0)
  assert.deepEqual([table.upSince(0), table.bars(0), table.weightFactor(0)], [0, 0, 1])
})

test('one decision at a time: a second one does not happen, unless the worker that was at the first has died', () => {
  const main = new ServerTable(1)
  const [zero, one] = [0, 1].map((worker) => new ServerTable(main.buffer, () => 0, worker)) as [
    ServerTable,
    ServerTable,
  ]
  const tables = [main, zero, one]
  const done: string[] = []
  /** What the others are told while this one is at a decision. */
  const refused = () => tables.map((table) => table.decide(() => done.push('inner')))
  const outer = zero.decide(() => {
    done.push('outer')
    assert.deepEqual(refused(), [false, false, false])
    main.abandonDecision(1)
    assert.deepEqual(refused(), [false, false, false], 'it was another worker that died')
    main.abandonDecision(0)
    assert.equal(
      one.decide(() => done.push('next')),
      true,
    )
  })
  assert.equal(outer, true)
  assert.deepEqual(done, ['outer', 'next'])
  main.decide(() => {
    for (const worker of [0, 1]) main.abandonDecision(worker)
    assert.deepEqual(refused(), [false, false, false], 'the main thread is at it')
  })
  assert.throws(() => one.decide(() => assert.fail('thrown')))
  assert.equal(
    one.decide(() => {}),
    true,
  )
})
