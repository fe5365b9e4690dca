import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../base/random.ts'
import { type Arrivals, gapsOf, SyntheticWorkload } from './workload.ts'

/** Arrivals in each window of this length. */
function countsPerWindow(arrivals: Arrivals, rate: number, window: number, windows: number): number[] {
  const gap = gapsOf(arrivals, rate, seededRandom(9))
  const counts = new Array<number>(windows).fill(0)
  for (let time = gap(); time < window * windows; time += gap()) counts[Math.floor(time / window)]!++
  return counts
}

function moments(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length }
}

test('Poisson arrivals keep their rate, and vary as much as their mean', () => {
  const { mean, variance } = moments(countsPerWindow({ kind: 'poisson' }, 2, 50, 20_000))
  // Of 2 million arrivals the deviation is 0.07 %; that of the variance of 20,000 windows is 1 %.
  assert.ok(Math.abs(mean / 100 - 1) < 0.003, `${mean}`)
  assert.ok(Math.abs(variance / 100 - 1) < 0.04, `${variance}`)
})

test('bursts keep the rate on average, and come as often and as large as asked for', () => {
  const arrivals = { kind: 'bursts', factor: 10, length: 1000, share: 0.1 } as const
  const counts = countsPerWindow(arrivals, 0.38, 100, 200_000)
  const { mean } = moments(counts)
  // 2,000 bursts: the deviation of the rate is some 2.5 %.
  assert.ok(Math.abs(mean / 38 - 1) < 0.08, `${mean}`)
  // Calm windows have 20 arrivals, those in a burst 200.
  const inBurst = counts.filter((count) => count > 110).length / counts.length
  assert.ok(Math.abs(inBurst - 0.1) < 0.01, `${inBurst}`)
})

test('constant arrivals come like clockwork', () => {
  const gap = gapsOf({ kind: 'constant' }, 4, seededRandom(1))
  assert.deepEqual([gap(), gap(), gap()], [0.25, 0.25, 0.25])
})

test('the same seed gives the same requests, another one others', () => {
  const options = {
    requests: 100,
    rate: 1,
    arrivals: { kind: 'poisson' },
    service: { kind: 'exponential', mean: 10 },
    keys: { count: 50, skew: 1 },
  } as const
  const requests = (seed: number): number[][] => {
    const workload = new SyntheticWorkload(options, (name) => seededRandom(seed + name.length))
    const all: number[][] = []
    while (workload.next()) all.push([workload.time, workload.key, workload.demand])
    return all
  }
  assert.equal(requests(1).length, 100)
  assert.deepEqual(requests(1), requests(1))
  assert.notDeepEqual(requests(1), requests(2))
})
