import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { BreakerCells, CLOSED, HALF_OPEN, OPEN } from './breaker-cells.ts'
import { BAR, ServerTable } from './server-table.ts'

/** Takes and gives back trials as fast as it can, and keeps in `peak` how many there were at a time over all threads. */
const WORKER = `
  const { workerData } = require('node:worker_threads')
  const { modules, table, peak, limit } = workerData
  Promise.all(modules.map((module) => import(module))).then(([{ BreakerCells }, { ServerTable }]) => {
    const cells = new BreakerCells(new ServerTable(table))
    const places = new Int32Array(peak)
    for (let round = 0; round < 20000; round++) {
      const trial = cells.take(1, limit)
      if (trial <= 0) continue
      const now = Atomics.add(places, 0, 1) + 1
      if (now > Atomics.load(places, 1)) Atomics.store(places, 1, now)
      Atomics.sub(places, 0, 1)
      cells.giveBack(1, trial)
    }
  })`
const modules = ['./breaker-cells.ts', './server-table.ts'].map((file) => new URL(file, import.meta.url).href)

test('several threads at once never have more trials than allowed, and lose none', async () => {
  const limit = 2
  const table = new ServerTable(3)
  const cells = new BreakerCells(table)
  cells.open(1)
  cells.halfOpen(1)
  const peak = new SharedArrayBuffer(8)
  const workerData = { modules, table: table.buffer, peak, limit }
  const workers = Array.from({ length: 4 }, () => new Worker(WORKER, { eval: true, workerData }))
  await Promise.all(workers.map((worker) => once(worker, 'exit')))
  const most = new Int32Array(peak)[1]!
  assert.ok(most >= 1 && most <= limit, `${most} at a time`)
  const phase = cells.take(1, limit)
  assert.ok(phase > 0)
  assert.equal(cells.take(1, limit), phase)
  assert.equal(cells.take(1, limit), -1)
})

test('only one of several threads sees a transition', () => {
  const table = new ServerTable(2)
  const [one, other] = [new BreakerCells(table), new BreakerCells(new ServerTable(table.buffer))]
  assert.deepEqual([one.open(0), other.open(0)], [true, false])
  assert.deepEqual([one.state(0), one.state(1)], [OPEN, CLOSED])
  assert.equal(table.bars(0), BAR.breaker)
  assert.equal(one.halfOpen(0), true)
  assert.deepEqual([table.bars(0), one.state(0)], [0, HALF_OPEN])
  const trials = [one.take(0, 2), other.take(0, 2)]
  assert.equal(trials[0], trials[1])
  assert.deepEqual([one.failed(0, trials[0]!), other.failed(0, trials[1]!)], [true, false])
  assert.equal(one.openings(0), 2)
})

test('phases are told apart, also after very many of them', () => {
  const cells = new BreakerCells(new ServerTable(1))
  cells.open(0)
  let before = 0
  for (let phase = 0; phase < 70_000; phase++) {
    cells.halfOpen(0)
    const trial = cells.take(0, 100)
    assert.ok(trial > 0 && trial !== before)
    assert.equal(cells.failed(0, before), false)
    before = trial
  }
})

test('what is barred without being open, or open without being barred, is put right', () => {
  const table = new ServerTable(1)
  const cells = new BreakerCells(table)
  cells.open(0)
  table.unbar(0, BAR.breaker)
  cells.settle(0)
  assert.equal(table.bars(0), BAR.breaker)
  cells.reset(0)
  table.bar(0, BAR.breaker)
  cells.settle(0)
  assert.equal(table.bars(0), 0)
})
