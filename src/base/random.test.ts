import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from './random.ts'

function take(count: number, random: () => number): number[] {
  return Array.from({ length: count }, random)
}

test('the same seed gives the same numbers', () => {
  assert.deepEqual(take(100, seededRandom(7)), take(100, seededRandom(7)))
})

test('neighbouring seeds have nothing in common', () => {
  const seen = new Set([0, 1, 2, 3, -1].flatMap((seed) => take(200, seededRandom(seed))))
  assert.equal(seen.size, 1000)
})

test('numbers lie in [0, 1) and fill it evenly', () => {
  for (const seed of [0, 1, 0xffffffff]) {
    const tenths = new Array<number>(10).fill(0)
    for (const value of take(100_000, seededRandom(seed))) {
      assert.ok(value >= 0 && value < 1, `seed ${seed} gave ${value}`)
      tenths[Math.floor(value * 10)]!++
    }
    // 10,000 are expected in each; five standard deviations are 474.
    for (const count of tenths) assert.ok(Math.abs(count - 10_000) < 474, `seed ${seed}: ${tenths}`)
  }
})
