import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InFlight } from './in-flight.ts'
import { DOWN, DRAINING, ServerTable, UP } from './server-table.ts'

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
