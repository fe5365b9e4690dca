import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DrainRate } from './drain-rate.ts'

test('the time is what those that wait take at the rate of late, from 1 to 30 seconds', () => {
  const drain = new DrainRate()
  assert.equal(drain.seconds(0, 0, 10), 5, 'nothing is known yet')
  assert.equal(drain.seconds(500, 100, 10), 5, 'too early to tell')
  assert.equal(drain.seconds(2000, 20, 99), 10, '10 in a second')
  assert.equal(drain.seconds(2100, 1000, 49), 5, 'a rate is kept for a second')
  assert.equal(drain.seconds(4000, 40_000, 10), 1)
  assert.equal(drain.seconds(6000, 40_000, 10), 30, 'nothing finishes')
})

test('a rate of long ago counts no more, and a counter may wrap', () => {
  const drain = new DrainRate()
  drain.seconds(0, 2 ** 31 - 11, 0)
  assert.equal(drain.seconds(1000, -(2 ** 31) + 9, 39), 2)
  assert.equal(drain.seconds(12_000, 0, 39), 5)
})
