import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fading } from './fading.ts'

test('is the exponential, to within 1 of 8000, and never rises', () => {
  assert.equal(fading(0), 1)
  let before = 1
  for (let age = 0.001; age < 15.9; age += 0.001) {
    assert.ok(Math.abs(fading(age) / Math.exp(-age) - 1) < 1 / 8000, `${age}`)
    assert.ok(fading(age) < before)
    before = fading(age)
  }
  for (const age of [16, 17, 1e9, Infinity]) assert.equal(fading(age), 0)
})
