import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fresh, SimulatedPool } from '../../test/seams/simulated-pool.ts'
import { simulateTraffic } from '../../test/seams/simulated-traffic.ts'
import { type AttemptResult, OUTCOME } from '../seams/strategy.ts'
import { leastTime } from './least-time.ts'

function ended(millis: number, now: number, whole = millis): AttemptResult {
  return { outcome: OUTCOME.ok, headMillis: millis, millis: whole, now }
}

test('the quicker of two idle servers is picked, until enough is in flight there', () => {
  const pool = new SimulatedPool([1, 1])
  const picker = pool.picker(leastTime)
  picker.finished?.(0, ended(40, 0))
  picker.finished?.(1, ended(10, 0))
  const picks = Array.from({ length: 5 }, () => {
    const position = picker.pick(fresh)
    pool.loads[position]!++
    return position
  })
  // 10 × (1 + in flight) against 40: level at the fourth, whose turn it is then.
  assert.deepEqual(picks.slice(0, 3), [1, 1, 1])
  assert.deepEqual(picks.slice(3).sort(), [0, 1])
})

test('a server of twice the weight takes twice as much in flight', () => {
  const pool = new SimulatedPool([1, 2])
  const picker = pool.picker(leastTime)
  for (let i = 0; i < 30; i++) pool.loads[picker.pick(fresh)]!++
  assert.deepEqual(pool.loads, [10, 20])
})

test('the option says whether the head or the last byte counts', () => {
  for (const [measure, best] of [
    ['head', 0],
    ['last_byte', 1],
  ] as const) {
    const picker = new SimulatedPool([1, 1]).picker(leastTime, 1, undefined, { measure })
    picker.finished?.(0, ended(10, 0, 900))
    picker.finished?.(1, ended(20, 0, 30))
    assert.equal(picker.pick(fresh), best, measure)
  }
})

test('a server that was slow once is tried again, and gets its share when it is well', () => {
  const { times } = simulateTraffic({
    strategy: leastTime,
    weights: [1, 1, 1, 1],
    rate: 100,
    time: 180_000,
    service: (position, now, random) => (position === 2 && now < 5000 ? 2000 : 20 + 10 * random()),
  })
  const late = times.map((list) => list.filter((time) => time > 120_000).length)
  assert.ok(late[2]! > 0.1 * late.reduce((sum, count) => sum + count, 0), `${late}`)
})

test('an attempt that a hedge has overtaken counts as slow as it was at least, and never makes a server quicker', () => {
  const picker = new SimulatedPool([1, 1]).picker(leastTime)
  const overtaken = (millis: number, now: number) => ({ ...ended(millis, now), outcome: OUTCOME.overtaken })
  picker.finished?.(0, ended(10, 0))
  picker.finished?.(1, ended(20, 0))
  picker.finished?.(1, overtaken(1, 10_000))
  assert.equal(picker.pick({ ...fresh, now: 10_000 }), 0)
  picker.finished?.(0, overtaken(90, 10_000))
  assert.equal(picker.pick({ ...fresh, now: 10_000 }), 1)
})

test('a server ten times as slow gets little', () => {
  const { times, picks } = simulateTraffic({
    strategy: leastTime,
    weights: [1, 1, 1, 1],
    rate: 200,
    service: (position, _now, random) => (position === 2 ? 10 : 1) * (20 + 10 * random()),
  })
  assert.ok(times[2]!.length < 0.04 * picks, `${times[2]!.length} of ${picks}`)
})

test('what was learned stays with the server when positions change', () => {
  const before = new SimulatedPool([1, 1]).picker(leastTime)
  before.finished?.(0, ended(10, 0))
  before.finished?.(1, ended(50, 0))
  const pool = new SimulatedPool([1, 1, 1])
  pool.id = (position) => [7, 1, 0][position]!
  // The new server counts as typical, which is between the two.
  assert.equal(pool.picker(leastTime, 1, undefined, {}, before).pick(fresh), 2)
})
