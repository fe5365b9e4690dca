import assert from 'node:assert/strict'
import { test } from 'node:test'
import { slowStartShare, weightInSteps } from './slow-start.ts'

const LINE = { window: 10_000, min_weight: 0.1, aggression: 1 }

test('the share grows in a straight line from the least to all of the weight', () => {
  const shares = [0, 500, 2500, 5000, 9999, 10_000, 1e9].map((millis) => slowStartShare(LINE, millis))
  assert.deepEqual(shares, [0.1, 0.1, 0.25, 0.5, 0.9999, 1, 1])
})

test('with aggression it grows faster at the beginning, or slower', () => {
  assert.equal(slowStartShare({ ...LINE, aggression: 2 }, 2500), 0.5)
  assert.equal(slowStartShare({ ...LINE, aggression: 0.5 }, 5000), 0.25)
})

test('a server that came up long ago has its whole weight, also when slow starts are off', () => {
  assert.equal(slowStartShare(LINE, Number.POSITIVE_INFINITY), 1)
  assert.equal(slowStartShare({ ...LINE, window: 0 }, 0), 1)
})

test('weights in steps keep their ratios and are never nothing', () => {
  assert.deepEqual(
    [weightInSteps(3, 1), weightInSteps(1, 1), weightInSteps(1, 0.5), weightInSteps(1, 0.001)],
    [60, 20, 10, 1],
  )
})
