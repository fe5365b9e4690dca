import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { DOWN, DRAINING, ServerTable, UP } from './server-table.ts'

const SLOTS = 3
const ROUNDS = 20_000

/** Takes and releases every slot in turn, and adds one that is released by another thread. */
const WORKER = `
  const { workerData } = require('node:worker_threads')
  import(workerData.module).then(({ ServerTable }) => {
    const table = new ServerTable(workerData.buffer)
    for (let round = 0; round < ${ROUNDS}; round++) {
      const slot = round % ${SLOTS}
      table.addInFlight(slot, 1)
      table.addConnectFailure(slot)
      table.addInFlight(slot, -1)
      table.addInFlight(slot, workerData.by)
    }
  })`

async function runWorker(table: ServerTable, by: number): Promise<void> {
  const module = new URL('./server-table.ts', import.meta.url).href
  const worker = new Worker(WORKER, { eval: true, workerData: { module, buffer: table.buffer, by } })
  const [code] = await once(worker, 'exit')
  assert.equal(code, 0)
}

test('exchanges counted by several threads at once end at zero', async () => {
  const table = new ServerTable(SLOTS)
  await Promise.all([runWorker(table, 1), runWorker(table, -1), runWorker(table, 2), runWorker(table, -2)])
  let failures = 0
  for (let slot = 0; slot < SLOTS; slot++) {
    assert.equal(table.inFlight(slot), 0)
    failures += table.addConnectFailure(slot) - 1
  }
  assert.equal(failures, 4 * ROUNDS)
})

test('the epoch changes with every change of health, and only then', () => {
  const table = new ServerTable(2)
  const epochs = [table.healthEpoch()]
  const note = () => epochs.push(table.healthEpoch())
  assert.equal(table.setHealth(1, DOWN), true)
  note()
  assert.equal(table.setHealth(1, DOWN), false)
  table.addInFlight(1, 1)
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
  for (const slot of [0, 1, 2]) {
    table.setHealth(slot, DOWN)
    table.addInFlight(slot, 5)
    table.addConnectFailure(slot)
  }
  table.reset(1)
  assert.deepEqual(
    [0, 1, 2].map((slot) => table.health(slot)),
    [DOWN, UP, DOWN],
  )
  assert.deepEqual(
    [0, 1, 2].map((slot) => table.inFlight(slot)),
    [5, 0, 5],
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
  assert.throws(() => opened.health(7), RangeError)
})
