import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../base/random.ts'
import { RecentQuantile } from './recent-quantile.ts'

test('is the sample of that rank among the last 128, whatever comes', () => {
  const random = seededRandom(1)
  for (const quantile of [0, 0.5, 0.84, 1]) {
    for (const distinct of [1, 3, 20, 1e9]) {
      const recent = new RecentQuantile(quantile)
      const samples: number[] = []
      assert.equal(recent.get(), Infinity)
      for (let index = 0; index < 2000; index++) {
        // The level rises and falls, so that the quantile has to move far.
        const sample = Math.floor(random() * distinct) + (index % 700 > 350 ? 50 : 0)
        recent.add(sample)
        samples.push(sample)
        if (samples.length > 128) samples.shift()
        const sorted = samples.toSorted((a, b) => a - b)
        const rank = Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))
        assert.equal(recent.get(), sorted[rank], `seed 1, quantile ${quantile}, ${distinct} distinct, sample ${index}`)
      }
    }
  }
})
