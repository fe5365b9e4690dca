import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../base/random.ts'
import { type Distribution, drawsOf } from './distributions.ts'

const DRAWS = 400_000

function sample(distribution: Distribution): number[] {
  const draw = drawsOf(distribution, seededRandom(3))
  return Array.from({ length: DRAWS }, draw).sort((one, other) => one - other)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Within so many standard errors of a mean, of draws with this deviation. */
function assertMean(values: readonly number[], expected: number, deviation: number): void {
  const error = Math.abs(mean(values) - expected)
  assert.ok(error < (4 * deviation) / Math.sqrt(DRAWS), `the mean is ${mean(values)}, not ${expected}`)
}

function assertShare(values: readonly number[], beyond: number, expected: number): void {
  const share = values.filter((value) => value > beyond).length / DRAWS
  const error = Math.sqrt((expected * (1 - expected)) / DRAWS)
  assert.ok(Math.abs(share - expected) < 4 * error, `${share} lie beyond ${beyond}, not ${expected}`)
}

test('a fixed time is always the same', () => {
  assert.deepEqual(new Set(sample({ kind: 'fixed', mean: 10 })), new Set([10]))
})

test('exponential times have their mean and their tail', () => {
  const values = sample({ kind: 'exponential', mean: 10 })
  assertMean(values, 10, 10)
  for (const multiple of [0.5, 1, 3, 6]) assertShare(values, 10 * multiple, Math.exp(-multiple))
})

test('lognormal times have their mean and their tail', () => {
  const values = sample({ kind: 'lognormal', mean: 10, sigma: 1 })
  assertMean(values, 10, 10 * Math.sqrt(Math.E - 1))
  const median = 10 * Math.exp(-0.5)
  assertShare(values, median, 0.5)
  assertShare(values, median * Math.exp(2), 0.02275)
})

test('pareto times have their mean and their tail', () => {
  const values = sample({ kind: 'pareto', mean: 10, alpha: 2.5 })
  const least = 6
  assertMean(values, 10, least * Math.sqrt(2.5 / (1.5 ** 2 * 0.5)))
  for (const multiple of [1.5, 3, 10]) assertShare(values, least * multiple, multiple ** -2.5)
})

test('bimodal times have their mean and their two values', () => {
  const values = sample({ kind: 'bimodal', mean: 10, share: 0.1, factor: 11 })
  assertMean(values, 10, 15)
  assertShare(values, 6, 0.1)
  assert.deepEqual([values[0], values.at(-1)], [5, 55])
})
