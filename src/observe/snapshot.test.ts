import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COUNTER, Counters, SERVER_COUNTER } from '../shared/counters.ts'
import { Gates } from '../shared/gates.ts'
import { BUCKETS, bucketOf, upperBound } from '../shared/histogram.ts'
import { InFlight } from '../shared/in-flight.ts'
import { DOWN, DRAINING, ServerTable } from '../shared/server-table.ts'
import { formatContractMetrics } from './contract-metrics.ts'
import { type SnapshotSources, takeSnapshot } from './snapshot.ts'

function makeSources(workers: number, slots: number): SnapshotSources {
  return {
    table: new ServerTable(slots),
    counters: Array.from({ length: workers }, () => new Counters(slots)),
    servers: Array.from({ length: slots }, (_, slot) => ({
      slot,
      url: `http://localhost:800${slot}`,
      upstream: 'main',
      weight: slot + 1,
      maxActive: 0,
    })),
    upstreams: [],
    gates: new Gates({ capacity: 1, workers: 1 }),
    samples: [],
    failureKinds: ['connect_refused', 'connect_timeout'],
    startedAt: 1_700_000_000_000,
  }
}

test('totals are the sums over all workers, for every counter', () => {
  const sources = makeSources(3, 1)
  for (const [worker, block] of sources.counters.entries()) {
    for (const counter of Object.values(COUNTER)) block.add(counter, (counter + 1) * 10 ** worker)
    block.addFailure(1)
    block.addOwnStatus(503)
  }
  const { totals, failures, ownAnswers, startedAt } = takeSnapshot(sources)
  for (const [name, counter] of Object.entries(COUNTER)) {
    assert.equal(totals[name as keyof typeof COUNTER], (counter + 1) * 111, name)
  }
  assert.deepEqual(failures, { connect_refused: 0, connect_timeout: 3 })
  assert.deepEqual(ownAnswers, { 503: 3 })
  assert.equal(startedAt, 1_700_000_000_000)
})

test('each server shows its own state and numbers', () => {
  const sources = makeSources(2, 3)
  const { table, counters } = sources
  table.setHealth(1, DOWN)
  table.setHealth(2, DRAINING)
  const inFlight = new InFlight(table, 3)
  for (let exchange = 0; exchange < 4; exchange++) inFlight.take(2)
  for (const block of counters) {
    for (const counter of Object.values(SERVER_COUNTER)) block.addForServer(1, counter, counter + 1)
    block.addExchange(2, 200, 1000)
    block.addExchange(2, 404, 1000)
  }
  const [first, second, third] = takeSnapshot(sources).servers
  assert.deepEqual(
    [first, second, third].map((server) => [server!.url, server!.weight, server!.health, server!.inFlight]),
    [
      ['http://localhost:8000', 1, 'up', 0],
      ['http://localhost:8001', 2, 'down', 0],
      ['http://localhost:8002', 3, 'draining', 4],
    ],
  )
  assert.deepEqual(first!.statuses, {})
  const { picked, failed, connections, connectionsActive, connectionsIdle } = second!
  assert.deepEqual(
    { picked, failed, connections, connectionsActive, connectionsIdle },
    {
      picked: 2,
      failed: 4,
      connections: 6,
      connectionsActive: 8,
      connectionsIdle: 10,
    },
  )
  assert.deepEqual(third!.statuses, { 200: 2, 404: 2 })
  assert.equal(third!.picked, 0)
})

test('durations of all workers make one distribution, in milliseconds', () => {
  const sources = makeSources(2, 1)
  let sum = 0
  for (let micros = 1; micros <= 100_000; micros += 7) {
    sources.counters[micros % 2]!.addExchange(0, 200, micros)
    sum += micros
  }
  const { duration } = takeSnapshot(sources).servers[0]!
  assert.equal(duration.count, Math.ceil(100_000 / 7))
  assert.ok(Math.abs(duration.sum - sum / 1000) < 1e-6)
  for (const [quantile, exact] of [
    [duration.p50, 50],
    [duration.p90, 90],
    [duration.p99, 99],
  ] as const) {
    assert.ok(quantile >= exact - 0.01 && quantile <= exact * 1.126, `${quantile} for ${exact}`)
  }
  assert.equal(duration.buckets.length, 19)
  assert.equal(duration.buckets[0]!.below, 0.256)
  assert.equal(duration.buckets.at(-1)!.below, 67_108.864)
  for (const { below, count } of duration.buckets) {
    const exact = Math.ceil((Math.min(below * 1000, 100_001) - 1) / 7)
    assert.equal(count, exact, `below ${below} ms`)
  }
})

test('exchanges beyond the last bound are counted all the same', () => {
  const sources = makeSources(1, 1)
  sources.counters[0]!.addExchange(0, 200, 2 ** 30)
  const { duration } = takeSnapshot(sources).servers[0]!
  assert.equal(duration.count, 1)
  assert.ok(duration.buckets.every(({ count }) => count === 0))
  assert.equal(duration.p50, upperBound(bucketOf(2 ** 30)) / 1000)
  assert.ok(bucketOf(2 ** 30) < BUCKETS)
})

test('before any worker has started everything is zero', () => {
  const { totals, servers } = takeSnapshot(makeSources(0, 1))
  assert.equal(totals.requests, 0)
  assert.deepEqual([servers[0]!.duration.count, servers[0]!.duration.p99, servers[0]!.statuses], [0, 0, {}])
})

test('the contract has exactly its three numbers', () => {
  const sources = makeSources(2, 1)
  sources.counters[0]!.add(COUNTER.requests, 5)
  sources.counters[1]!.add(COUNTER.requests, 2)
  sources.counters[0]!.add(COUNTER.failed, 1)
  sources.counters[1]!.add(COUNTER.exchangesActive, 3)
  const text = formatContractMetrics(takeSnapshot(sources))
  assert.equal(text, '{"TotalRequests":7,"FailedRequests":1,"ActiveConnections":3}\n')
})
