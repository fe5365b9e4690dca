import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../base/random.ts'
import { zipfKeys } from './keys.ts'

const DRAWS = 500_000

for (const skew of [0, 0.8, 1.2]) {
  test(`keys come as often as Zipf's law with the exponent ${skew} says`, () => {
    const count = 100
    const draw = zipfKeys(count, skew, seededRandom(7))
    const counts = new Array<number>(count).fill(0)
    for (let step = 0; step < DRAWS; step++) counts[draw()]!++
    const shares = counts.map((_, key) => (key + 1) ** -skew)
    const sum = shares.reduce((total, share) => total + share, 0)
    for (const [key, share] of shares.entries()) {
      const expected = (share / sum) * DRAWS
      // Five deviations, for a hundred keys are looked at.
      assert.ok(Math.abs(counts[key]! - expected) < 5 * Math.sqrt(expected), `key ${key}: ${counts[key]}, ${expected}`)
    }
  })
}
