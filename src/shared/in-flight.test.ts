import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { FULL, InFlight } from './in-flight.ts'
import { ServerTable } from './server-table.ts'

const SLOTS = 3
const LIMIT = 2

/**
 * Takes and releases places on every server in turn, `rounds` times or for ever; says when it has begun. The last server
 * has a limit: a place on it counts in `peak` while it is held.
 */
const WORKER = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { modules, table, held, peak, rounds } = workerData
  Promise.all(modules.map((module) => import(module))).then(([{ InFlight, FULL }, { ServerTable }]) => {
    const inFlight = new InFlight(new ServerTable(table), held)
    const places = new Int32Array(peak)
    for (let round = 0; rounds === 0 || round < rounds; round++) {
      inFlight.take(round & 1)
      if (inFlight.takeBelow(2, ${LIMIT}) !== FULL) {
        const now = Atomics.add(places, 0, 1) + 1
        if (now > Atomics.load(places, 1)) Atomics.store(places, 1, now)
        Atomics.sub(places, 0, 1)
        inFlight.release(2)
      }
      inFlight.release(round & 1)
      if (round === 1000) parentPort.postMessage('begun')
    }
  })`

const modules = ['./in-flight.ts', './server-table.ts'].map((file) => new URL(file, import.meta.url).href)

function startWorker(table: ServerTable, inFlight: InFlight, peak: SharedArrayBuffer, rounds: number): Worker {
  const workerData = { modules, table: table.buffer, held: inFlight.buffer, peak, rounds }
  return new Worker(WORKER, { eval: true, workerData })
}

function counts(table: ServerTable): number[] {
  return Array.from({ length: SLOTS }, (_, slot) => table.inFlight(slot))
}

test('exchanges counted by several threads at once end at zero, and a limit is never passed', async () => {
  const table = new ServerTable(SLOTS)
  const peak = new SharedArrayBuffer(8)
  const workers = Array.from({ length: 4 }, () => startWorker(table, new InFlight(table, SLOTS), peak, 20_000))
  const codes = await Promise.all(workers.map((worker) => once(worker, 'exit')))
  assert.deepEqual(codes.flat(), [0, 0, 0, 0])
  assert.deepEqual(counts(table), [0, 0, 0])
  const most = new Int32Array(peak)[1]!
  assert.ok(most >= 1 && most <= LIMIT, `${most} at a time`)
})

test('what a thread held that was ended in the midst of counting is given back to the last one', async () => {
  const table = new ServerTable(SLOTS)
  const peak = new SharedArrayBuffer(8)
  const staying = new InFlight(table, SLOTS)
  for (let slot = 0; slot < SLOTS; slot++) staying.take(slot)
  for (let round = 0; round < 10; round++) {
    const inFlight = new InFlight(table, SLOTS)
    const worker = startWorker(table, inFlight, peak, 0)
    await once(worker, 'message')
    await worker.terminate()
    inFlight.giveBack()
    assert.deepEqual(counts(table), [1, 1, 1], `round ${round}`)
    inFlight.giveBack()
    assert.deepEqual(counts(table), [1, 1, 1], 'what was given back is not given back twice')
  }
})

test('places are taken up to the limit, and are free again once released', () => {
  const table = new ServerTable(1)
  const one = new InFlight(table, 1)
  const other = new InFlight(table, 1)
  assert.equal(one.take(0), 0)
  assert.equal(other.takeBelow(0, 3), 1)
  assert.equal(one.takeBelow(0, 3), 2)
  assert.equal(other.takeBelow(0, 3), FULL)
  assert.equal(one.take(0), 3, 'without a limit there is always a place')
  one.release(0)
  assert.equal(other.takeBelow(0, 3), FULL)
  other.release(0)
  assert.equal(one.takeBelow(0, 3), 2)
  one.giveBack()
  assert.equal(table.inFlight(0), 0)
})
