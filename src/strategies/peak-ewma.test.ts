import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fresh, SimulatedPool, tally } from '../../test/seams/simulated-pool.ts'
import { simulateTraffic } from '../../test/seams/simulated-traffic.ts'
import { OUTCOME, type Picker } from '../seams/strategy.ts'
import { peakEwma } from './peak-ewma.ts'

function answered(picker: Picker, position: number, millis: number, now: number): void {
  picker.finished?.(position, { outcome: OUTCOME.ok, headMillis: millis, millis, now })
}

test('one slow answer counts at once, and quick ones only by and by', () => {
  const picker = new SimulatedPool([1, 1]).picker(peakEwma)
  const picked = (now: number) =>
    tally(
      Array.from({ length: 100 }, () => picker.pick({ ...fresh, now })),
      2,
    )
  for (let now = 0; now < 1000; now += 10) {
    answered(picker, 0, 10, now)
    answered(picker, 1, 20, now)
  }
  assert.deepEqual(picked(1000), [100, 0])
  answered(picker, 0, 500, 1000)
  assert.deepEqual(picked(1000), [0, 100])
  for (let now = 1010; now < 3000; now += 10) answered(picker, 0, 10, now)
  answered(picker, 1, 20, 3000)
  assert.deepEqual(picked(3000), [0, 100])
  for (let now = 3000; now < 80_000; now += 100) {
    answered(picker, 0, 10, now)
    answered(picker, 1, 20, now)
  }
  assert.deepEqual(picked(80_000), [100, 0])
})

test('a server that stalls for a while loses its traffic, and has it back a while later', () => {
  const { times, picks } = simulateTraffic({
    strategy: peakEwma,
    weights: [1, 1, 1, 1],
    rate: 200,
    time: 120_000,
    service: (position, now, random) => (position === 1 && now > 20_000 && now < 25_000 ? 1000 : 20 + 10 * random()),
  })
  const stalled = times[1]!.filter((time) => time > 21_000 && time < 25_000).length
  const later = times[1]!.filter((time) => time > 90_000).length
  assert.ok(stalled < 200 * 4 * 0.1, `${stalled} while it stalled`)
  assert.ok(later > (picks / 4) * 0.15, `${later} of ${picks} later`)
})
