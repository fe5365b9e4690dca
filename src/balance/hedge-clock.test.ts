import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newSeed, numbersFrom } from '../../test/support/random.ts'
import { HedgeClock } from './hedge-clock.ts'

/** A clock that has seen `count` requests of times as `time` gives them, ten milliseconds apart. */
function feed(clock: HedgeClock, count: number, time: () => number, from = 1000): number {
  let now = from
  for (let request = 0; request < count; request++) {
    now += 10
    clock.record(time(), now)
  }
  return now
}

test('a fixed time is what it is, whatever requests take', () => {
  const clock = new HedgeClock(200)
  feed(clock, 1000, () => 3)
  assert.equal(clock.wait, 200)
})

test('a percentile is not known before there are enough requests', () => {
  const clock = new HedgeClock({ percentile: 95 })
  feed(clock, 49, () => 10)
  assert.equal(clock.wait, 0)
  feed(clock, 31, () => 10)
  assert.ok(clock.wait >= 10 && clock.wait <= 10 * 1.125)
})

for (const percentile of [50, 95, 99]) {
  test(`it finds the ${percentile}th percentile of an exponential distribution`, (t) => {
    const random = numbersFrom(newSeed(t))
    const clock = new HedgeClock({ percentile })
    feed(clock, 20_000, () => -20 * Math.log(1 - random()))
    const exact = -20 * Math.log(1 - percentile / 100)
    // A bucket is 12.5 % wide; the rest is the chance of 1,000 to 2,000 samples.
    assert.ok(clock.wait > exact * 0.65 && clock.wait < exact * 1.6, `${clock.wait} for ${exact}`)
  })
}

test('it follows when requests become slower, and faster again', () => {
  const clock = new HedgeClock({ percentile: 95 })
  const now = feed(clock, 5000, () => 10)
  const later = feed(clock, 5000, () => 100, now)
  assert.ok(clock.wait >= 100 && clock.wait <= 113)
  feed(clock, 12_000, () => 10, later)
  assert.ok(clock.wait >= 10 && clock.wait <= 11.3)
})

test('lost attempts that are recorded when they are given up do not draw the percentile down', (t) => {
  const random = numbersFrom(newSeed(t))
  const clock = new HedgeClock({ percentile: 95 })
  feed(clock, 50_000, () => {
    const time = random() < 0.1 ? 500 : 10
    return clock.wait > 0 && time > clock.wait ? clock.wait + 10 : time
  })
  assert.ok(clock.wait > 400, `${clock.wait}`)
})

test('when few requests come, what is minutes old is forgotten', () => {
  const clock = new HedgeClock({ percentile: 95 })
  feed(clock, 100, () => 10)
  assert.ok(clock.wait > 0)
  let now = 1_000_000
  for (let request = 0; request < 40; request++) {
    now += 61_000
    clock.record(10, now)
  }
  assert.equal(clock.wait, 0)
})
