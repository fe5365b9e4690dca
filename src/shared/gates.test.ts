import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Gates, NOBODY, priorityOf, UNLIMITED, workerOf } from './gates.ts'

const LIMIT = 3

/**
 * Enters and leaves gate 1 in turn, waiting for a place like a gate does, `rounds` times or for ever; says when it has begun. What is inside counts in
 * `peak`.
 */
const WORKER = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { module, buffer, index, peak, rounds } = workerData
  import(module).then(({ Gates }) => {
    const gate = new Gates(buffer).gate(1, index)
    const places = new Int32Array(peak)
    for (let round = 0; rounds === 0 || round < rounds; round++) {
      if (gate.join(1, 100) !== 0) {
        if (gate.enter(${LIMIT})) {
          const now = Atomics.add(places, 0, 1) + 1
          if (now > Atomics.load(places, 1)) Atomics.store(places, 1, now)
          Atomics.sub(places, 0, 1)
          gate.exit()
          gate.addFinished()
        }
        gate.quit(1)
      }
      if (round === 1000) parentPort.postMessage('begun')
    }
  })`

function startWorker(gates: Gates, index: number, peak: SharedArrayBuffer, rounds: number): Worker {
  const module = new URL('./gates.ts', import.meta.url).href
  return new Worker(WORKER, { eval: true, workerData: { module, buffer: gates.buffer, index, peak, rounds } })
}

test('several threads at once never pass the limit, and end at zero', async () => {
  const gates = new Gates({ capacity: 2, workers: 4 })
  const peak = new SharedArrayBuffer(8)
  const workers = Array.from({ length: 4 }, (_, index) => startWorker(gates, index, peak, 20_000))
  assert.deepEqual((await Promise.all(workers.map((worker) => once(worker, 'exit')))).flat(), [0, 0, 0, 0])
  assert.deepEqual([gates.active(1), gates.waiting(1, 1), gates.gate(1, 0).waiting], [0, 0, 0])
  const most = new Int32Array(peak)[1]!
  assert.ok(most >= 1 && most <= LIMIT, `${most} at a time`)
})

test('what a thread had that was ended in the midst of counting is given back to the last one', async () => {
  const gates = new Gates({ capacity: 2, workers: 2 })
  const staying = gates.gate(1, 0)
  staying.enter(LIMIT)
  staying.setFirst(0, staying.join(0, 9))
  for (let round = 0; round < 10; round++) {
    const worker = startWorker(gates, 1, new SharedArrayBuffer(8), 0)
    await once(worker, 'message')
    await worker.terminate()
    gates.giveBack(1)
    assert.deepEqual([gates.active(1), staying.waiting, gates.waiting(1, 1)], [1, 1, 0], `round ${round}`)
  }
})

test('tickets tell the order over all workers, also when they wrap', () => {
  const gates = new Gates({ capacity: 1, workers: 3 })
  // Where the tickets are counted: header, three signals, fourth cell of the row.
  new Int32Array(gates.buffer)[16 * 4 + 3] = 2 ** 31 - 3
  const queue: number[] = []
  const tickets: number[] = []
  for (const worker of [2, 0, 1]) {
    const ticket = gates.gate(0, worker).join(1, 9)
    tickets.push(ticket)
    gates.gate(0, worker).setFirst(1, ticket)
  }
  assert.ok(tickets[0]! > 0 && tickets[2]! < 0, `${tickets}`)
  const gate = gates.gate(0, 0)
  for (let first = gate.first(); first !== NOBODY; first = gate.first()) {
    assert.equal(priorityOf(first), 1)
    queue.push(workerOf(first))
    gates.gate(0, workerOf(first)).setFirst(1, 0)
  }
  assert.deepEqual(queue, [2, 0, 1])
})

test('no ticket is 0, which stands for none', () => {
  const gates = new Gates({ capacity: 1, workers: 1 })
  new Int32Array(gates.buffer)[16 * 2 + 3] = -2
  const gate = gates.gate(0, 0)
  assert.deepEqual([gate.join(1, 9), gate.join(1, 9)], [-1, 1])
})

test('a thread that is woken looks, also when that was before it listened again', async () => {
  const gates = new Gates({ capacity: 1, workers: 2 })
  let looks = 0
  let looked = Promise.withResolvers<void>()
  gates.onWake(1, () => {
    looks++
    looked.resolve()
  })
  for (let round = 1; round <= 3; round++) {
    looked = Promise.withResolvers()
    gates.wake(0)
    gates.wake(1)
    gates.wake(1)
    // A pending wait keeps no thread alive; here the test has to.
    const alive = setTimeout(() => looked.reject(new Error('it was not woken')), 10_000)
    await looked.promise
    clearTimeout(alive)
  }
  assert.ok(looks >= 3 && looks <= 6, `${looks} looks`)
})

test('a rising limit wakes the worker of the first in the queue, and nobody when none waits', () => {
  const gates = new Gates({ capacity: 2, workers: 2 })
  const woken: number[] = []
  gates.wake = (worker) => woken.push(worker)
  assert.equal(gates.limit(1), UNLIMITED)
  gates.setLimit(1, 5)
  gates.setLimit(1, 6)
  gates.wakeAll()
  assert.deepEqual(woken, [])
  const gate = gates.gate(1, 1)
  gate.setFirst(2, gate.join(2, 9))
  gates.setLimit(1, 5)
  assert.deepEqual(woken, [])
  gates.setLimit(1, 7)
  gates.wakeAll()
  assert.deepEqual(woken, [1, 1])
})
