import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COUNTER, Counters, SERVER_COUNTER } from './counters.ts'
import { BUCKETS, bucketOf } from './histogram.ts'

test('no two counters share a cell', () => {
  const counters = new Counters(2)
  const seen: number[] = []
  for (const counter of Object.values(COUNTER)) counters.add(counter, seen.push(0))
  for (let kind = 0; kind < 64; kind++) for (let n = seen.push(0); n > 0; n--) counters.addFailure(kind)
  for (const status of [100, 200, 503, 599]) for (let n = seen.push(0); n > 0; n--) counters.addOwnStatus(status)
  for (const slot of [0, 1]) {
    for (const counter of Object.values(SERVER_COUNTER)) counters.addForServer(slot, counter, seen.push(0))
  }
  const found = [
    ...Object.values(COUNTER).map((counter) => counters.get(counter)),
    ...Array.from({ length: 64 }, (_, kind) => counters.failures(kind)),
    ...[100, 200, 503, 599].map((status) => counters.ownStatus(status)),
    ...[0, 1].flatMap((slot) => Object.values(SERVER_COUNTER).map((counter) => counters.forServer(slot, counter))),
  ]
  assert.deepEqual(
    found,
    seen.map((_, index) => index + 1),
  )
})

test('an exchange is counted by status, duration and bucket, for its server alone', () => {
  const counters = new Counters(3)
  for (const status of [100, 204, 599]) counters.addExchange(1, status, 1500)
  counters.addExchange(1, 204, 2 ** 40)
  assert.deepEqual(
    [100, 101, 204, 599].map((status) => counters.status(1, status)),
    [1, 0, 2, 1],
  )
  assert.equal(counters.forServer(1, SERVER_COUNTER.durationSum), 4500 + 2 ** 40)
  assert.equal(counters.durations(1)[bucketOf(1500)], 3)
  assert.equal(counters.durations(1)[BUCKETS - 1], 1)
  for (const slot of [0, 2]) {
    for (let status = 100; status < 600; status++) assert.equal(counters.status(slot, status), 0)
    assert.ok(counters.durations(slot).every((count) => count === 0))
    for (const counter of Object.values(SERVER_COUNTER)) assert.equal(counters.forServer(slot, counter), 0)
  }
})

test('the views by status show the same counts', () => {
  const counters = new Counters(2)
  for (const status of [100, 404, 599]) {
    counters.addExchange(1, status, 0)
    counters.addOwnStatus(status)
  }
  const expected = Array.from({ length: 500 }, (_, index) => ([0, 304, 499].includes(index) ? 1 : 0))
  assert.deepEqual([...counters.statuses(1)], expected)
  assert.deepEqual([...counters.ownStatuses()], expected)
  assert.ok(counters.statuses(0).every((count) => count === 0))
})

test('a slot made ready for a new server is empty, and its neighbours keep their numbers', () => {
  const counters = new Counters(3)
  for (const slot of [0, 1, 2]) {
    counters.addExchange(slot, 599, 2 ** 36)
    counters.addForServer(slot, SERVER_COUNTER.picked)
  }
  counters.resetServer(1)
  for (const slot of [0, 1, 2]) {
    const expected = slot === 1 ? 0 : 1
    assert.equal(counters.status(slot, 599), expected)
    assert.equal(counters.durations(slot)[BUCKETS - 1], expected)
    assert.equal(counters.forServer(slot, SERVER_COUNTER.picked), expected)
  }
})

test('what one thread counts, another one reads from the same buffer', () => {
  const writer = new Counters(2)
  const reader = new Counters(writer.buffer)
  writer.addExchange(1, 200, 10)
  writer.add(COUNTER.requestBytes, 2 ** 40)
  assert.equal(reader.status(1, 200), 1)
  assert.equal(reader.get(COUNTER.requestBytes), 2 ** 40)
})
