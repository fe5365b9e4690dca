import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fresh, pickInTurn, SimulatedPool, tried } from '../../test/seams/simulated-pool.ts'
import { firstAvailable } from './first-available.ts'

test('the first server gets everything while it has a place', () => {
  const picker = new SimulatedPool([1, 9, 9], [100, 0, 0]).picker(firstAvailable)
  assert.deepEqual(pickInTurn(picker, 4), [0, 0, 0, 0])
  assert.equal(picker.pick(tried(0)), 1)
  assert.equal(picker.pick(fresh), 0)
})

test('in a long list a place that comes free at its head is found again', () => {
  const pool = new SimulatedPool(new Array<number>(1000).fill(1))
  const picker = pool.picker(firstAvailable)
  const limited = { ...fresh, excludes: (position: number) => pool.loads[position]! >= 1 }
  for (let expected = 0; expected < 500; expected++) {
    const position = picker.pick(limited)
    assert.equal(position, expected)
    pool.loads[position]!++
  }
  // Seen by this worker: at once.
  pool.loads[300] = 0
  picker.finished?.(300, { outcome: 0, headMillis: 1, millis: 1, now: 0 })
  assert.equal(picker.pick(limited), 300)
  pool.loads[300] = 1
  // Another worker's: within so many picks as it takes to look at all that were full, a few at a time.
  pool.loads[200] = 0
  const picks = Array.from({ length: 60 }, () => {
    const position = picker.pick(limited)
    pool.loads[position]!++
    return position
  })
  assert.ok(picks.includes(200))
  assert.equal(Math.max(...picks), 558)
})
