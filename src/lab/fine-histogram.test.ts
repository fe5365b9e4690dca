import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../base/random.ts'
import { FineHistogram } from './fine-histogram.ts'

test('quantiles are within 1 % of those of the values themselves', () => {
  const random = seededRandom(11)
  const histogram = new FineHistogram()
  const values = Array.from({ length: 50_000 }, () => 10 ** (random() * 6 - 2))
  for (const value of values) histogram.add(value)
  values.sort((one, other) => one - other)
  for (const q of [0.01, 0.25, 0.5, 0.9, 0.99, 0.999]) {
    const exact = values[Math.ceil(q * values.length) - 1]!
    const found = histogram.quantile(q)
    assert.ok(Math.abs(found / exact - 1) < 0.01, `${q}: ${found}, not ${exact}`)
  }
  assert.equal(histogram.quantile(1), values.at(-1))
  assert.equal(histogram.max, values.at(-1))
})

test('a value that is always the same is every quantile, within a bucket', () => {
  const histogram = new FineHistogram()
  for (let step = 0; step < 100; step++) histogram.add(10)
  for (const q of [0.1, 0.5, 0.999]) assert.ok(Math.abs(histogram.quantile(q) - 10) < 0.1)
  assert.equal(histogram.mean, 10)
})

test('an empty one, nothing and far too much are no trouble', () => {
  const histogram = new FineHistogram()
  assert.equal(histogram.quantile(0.99), 0)
  assert.equal(histogram.mean, 0)
  histogram.add(0)
  histogram.add(1e12)
  assert.equal(histogram.count, 2)
  assert.ok(histogram.quantile(0) < 0.001)
})
