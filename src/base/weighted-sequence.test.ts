import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GoldenSequence } from './golden-sequence.ts'
import { seededRandom } from './random.ts'
import { SmoothSequence } from './smooth-sequence.ts'
import { weightedSequence } from './weighted-sequence.ts'

const someWeights = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 })

/** nginx's algorithm as it is written there, one entry at a time. */
function nginxRound(weights: number[]): number[] {
  const current = weights.map(() => 0)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return Array.from({ length: total }, () => {
    let best = -1
    for (let entry = 0; entry < weights.length; entry++) {
      current[entry]! += weights[entry]!
      if (best === -1 || current[entry]! > current[best]!) best = entry
    }
    current[best]! -= total
    return best
  })
}

test('a smooth round is the one that nginx makes', () => {
  fc.assert(
    fc.property(someWeights, (weights) => {
      const sequence = new SmoothSequence(weights)
      const expected = nginxRound(weights)
      const twice = [...expected, ...expected]
      assert.deepEqual(
        twice.map((_, step) => sequence.at(step)),
        twice,
      )
    }),
  )
})

test('the distance to the next turn of an entry is the number of steps up to it', () => {
  fc.assert(
    fc.property(someWeights, fc.nat(1000), (weights, start) => {
      const sequence = new SmoothSequence(weights)
      for (let entry = 0; entry < weights.length; entry++) {
        let steps = 0
        while (sequence.at(start + steps) !== entry) steps++
        assert.equal(sequence.distance(entry, start), steps)
        const round = weights.reduce((sum, weight) => sum + weight, 0)
        assert.equal(sequence.stepAfter(entry, start), (start + steps + 1) % round)
      }
    }),
  )
})

test('steps may be negative, as in a 32-bit counter that has wrapped', () => {
  for (const sequence of [new SmoothSequence([2, 1, 1]), new GoldenSequence([2, 1, 1])]) {
    for (const step of [-1, -2, -(2 ** 31), 2 ** 31 - 1]) {
      assert.equal(sequence.at(step), sequence.at(step + 2 ** 32))
      assert.equal(sequence.distance(sequence.at(step), step), 0)
    }
  }
})

test('weights with a common divisor are those without it', () => {
  const sequence = weightedSequence([500, 100, 100])
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6].map((step) => sequence.at(step)),
    [0, 0, 1, 0, 2, 0, 0],
  )
})

test('a round is laid out while it is short enough', () => {
  const equal = new Array<number>(100_000).fill(9)
  const random = seededRandom(1)
  const various = Array.from({ length: 10_000 }, () => 1 + Math.floor(random() * 1000))
  assert.ok(weightedSequence(equal) instanceof SmoothSequence)
  assert.ok(weightedSequence([1000, 999]) instanceof SmoothSequence)
  assert.ok(weightedSequence(various) instanceof GoldenSequence)
})

test('a golden sequence finds the entry whose stretch of the ring holds the point', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 40 }),
      fc.integer(),
      (weights, step) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        const point = Number((BigInt.asUintN(32, BigInt(step)) * 0x9e3779b9n) & 0xffffffffn)
        let entry = 0
        for (let sum = weights[0]!; Math.round((sum / total) * 2 ** 32) <= point; sum += weights[entry]!) entry++
        assert.equal(new GoldenSequence(weights).at(step), entry)
      },
    ),
  )
})

test('a golden sequence gives every entry its share but for a few turns, over any run', () => {
  const random = seededRandom(1)
  const weights = Array.from({ length: 300 }, () => 1 + Math.floor(random() * 1000))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const sequence = new GoldenSequence(weights)
  const counts = weights.map(() => 0)
  const start = Math.floor(random() * 2 ** 32)
  for (let step = 1; step <= 300_000; step++) {
    counts[sequence.at(start + step)]!++
    if (step % 10_000 !== 0) continue
    weights.forEach((weight, entry) => {
      const off = Math.abs(counts[entry]! - (step * weight) / total)
      assert.ok(off <= 5, `entry ${entry} is ${off} turns off after ${step} steps from ${start}`)
    })
  }
})

test('in a golden sequence the entry whose turn it is comes first, and the others by their way along the ring', () => {
  const sequence = new GoldenSequence([1, 2, 1])
  for (let step = 0; step < 100; step++) {
    const first = sequence.at(step)
    const distances = [0, 1, 2].map((entry) => sequence.distance(entry, step))
    assert.equal(distances[first], 0)
    assert.ok(distances[(first + 1) % 3]! < distances[(first + 2) % 3]!)
    assert.ok(distances.every((distance) => distance >= 0 && distance < 2 ** 32))
    assert.equal(sequence.stepAfter(0, step), step + 1)
  }
})
