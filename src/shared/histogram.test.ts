import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUCKETS, bucketOf, quantile, upperBound } from './histogram.ts'

test('every bucket ends where the next one begins, and both functions agree on it', () => {
  assert.equal(bucketOf(0), 0)
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const bound = upperBound(bucket)
    assert.equal(bucketOf(bound - 1), bucket, `last whole microsecond of bucket ${bucket}`)
    assert.equal(bucketOf(bound), Math.min(bucket + 1, BUCKETS - 1), `bound of bucket ${bucket}`)
    if (bucket > 0) assert.ok(bound > upperBound(bucket - 1))
  }
})

test('a duration of 8 microseconds or more is known within 12.5 %, a shorter one within a microsecond', () => {
  let worst = 0
  for (let micros = 8; micros < 2 ** 36; micros = Math.ceil(micros * 1.003)) {
    const bucket = bucketOf(micros)
    const lower = upperBound(bucket - 1)
    const bound = upperBound(bucket)
    assert.ok(lower <= micros && micros < bound, `${micros} lies between ${lower} and ${bound}`)
    worst = Math.max(worst, (bound - micros) / micros)
  }
  assert.ok(worst <= 0.125, `worst error ${worst}`)
  for (let micros = 0; micros < 8; micros++) assert.equal(upperBound(bucketOf(micros)) - micros, 1)
})

test('every power of two up to 2^36 is the exact bound of a bucket', () => {
  const bounds = new Set(Array.from({ length: BUCKETS }, (_, bucket) => upperBound(bucket)))
  for (let exponent = 0; exponent <= 36; exponent++) assert.ok(bounds.has(2 ** exponent), `2^${exponent}`)
})

test('fractions of a microsecond fall into the bucket of the whole one', () => {
  for (const micros of [0.4, 7.9, 8.5, 255.999, 2 ** 31 + 0.5])
    assert.equal(bucketOf(micros), bucketOf(Math.floor(micros)))
})

test('no number lies outside the buckets', () => {
  for (const micros of [-1, -Infinity, Number.NaN]) assert.equal(bucketOf(micros), 0)
  for (const micros of [2 ** 36, 1e300, Infinity]) assert.equal(bucketOf(micros), BUCKETS - 1)
})

test('quantiles are the bounds of the buckets in which they lie', () => {
  const counts = new Float64Array(BUCKETS)
  for (let micros = 1; micros <= 1000; micros++) counts[bucketOf(micros)]!++
  for (const share of [0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = Math.ceil(share * 1000)
    assert.equal(quantile(counts, share), upperBound(bucketOf(exact)), `share ${share}`)
  }
})

test('a quantile never lies in an empty bucket', () => {
  const counts = new Float64Array(BUCKETS)
  assert.equal(quantile(counts, 0.5), 0)
  counts[bucketOf(5000)] = 3
  for (const share of [0, 0.5, 1]) assert.equal(quantile(counts, share), upperBound(bucketOf(5000)))
})
