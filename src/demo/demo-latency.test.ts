import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demoLatency } from './demo-latency.ts'

test('takes no time unless told to', () => {
  assert.equal(demoLatency({}, 0, 0.5), 0)
})

test('lies between the latency and the latency with its jitter', () => {
  const options = { latency: 10, latencyJitter: 40 }
  assert.deepEqual(
    [0, 0.5, 1].map((random) => demoLatency(options, 0, random)),
    [10, 30, 50],
  )
})

test('a slow start begins ten times slower and falls evenly', () => {
  const options = { latency: 20, slowStart: 1000 }
  assert.deepEqual(
    [0, 500, 1000, 5000].map((uptime) => demoLatency(options, uptime, 0)),
    [200, 110, 20, 20],
  )
})

test('a slow start without latency begins with 100 ms', () => {
  assert.deepEqual(
    [0, 250, 1000].map((uptime) => demoLatency({ slowStart: 1000 }, uptime, 0)),
    [100, 75, 0],
  )
})
