import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  fresh,
  pickInTurn,
  pickUnderLoad,
  SimulatedPool,
  SimulatedTurn,
  tally,
  tried,
} from '../../test/seams/simulated-pool.ts'
import { seededRandom } from '../base/random.ts'
import { OUTCOME } from '../seams/strategy.ts'
import { leastActive } from './least-active.ts'

test('the server with the fewest exchanges in flight is picked', () => {
  const pool = new SimulatedPool([1, 1, 1], [2, 1, 3])
  const picker = pool.picker(leastActive)
  assert.equal(picker.pick(fresh), 1)
  pool.loads[1] = 4
  assert.equal(picker.pick(fresh), 0)
})

test('exchanges in flight are measured against the weight', () => {
  assert.equal(new SimulatedPool([1, 4], [1, 3]).picker(leastActive).pick(fresh), 1)
  assert.equal(new SimulatedPool([1, 4], [1, 5]).picker(leastActive).pick(fresh), 0)
  // A third and two sixths are level, whatever floating point makes of them.
  for (const start of [0, 1, 2]) {
    const picker = new SimulatedPool([3, 6], [1, 2]).picker(leastActive, 1, new SimulatedTurn(start))
    assert.deepEqual(tally(pickInTurn(picker, 3), 2), [1, 2])
  }
})

test('idle servers of equal weight take turns in the order of the config', () => {
  assert.deepEqual(pickInTurn(new SimulatedPool([1, 1, 1]).picker(leastActive), 7), [0, 1, 2, 0, 1, 2, 0])
})

test('idle servers of other weights take turns as in round robin', () => {
  const picks = pickInTurn(new SimulatedPool([5, 1, 1]).picker(leastActive), 14)
  assert.equal(picks.map((position) => 'abc'[position]).join(''), 'aabacaaaabacaa')
})

test('equally busy servers take turns too', () => {
  assert.deepEqual(pickInTurn(new SimulatedPool([1, 1, 1], [7, 7, 7]).picker(leastActive), 5), [0, 1, 2, 0, 1])
})

test('a burst is spread over all servers, not herded on the first', () => {
  const pool = new SimulatedPool(new Array<number>(10).fill(1))
  const picker = pool.picker(leastActive)
  for (let exchange = 0; exchange < 50; exchange++) pool.loads[picker.pick(fresh)]!++
  assert.deepEqual(pool.loads, new Array(10).fill(5))
})

test('a busy server does not leave its turns to its neighbour', () => {
  const pool = new SimulatedPool([1, 1, 1, 1], [1, 0, 0, 0])
  assert.deepEqual(pickInTurn(pool.picker(leastActive), 9), [1, 2, 3, 1, 2, 3, 1, 2, 3])
})

test('a tried server is passed over, even when it is idle', () => {
  const picker = new SimulatedPool([1, 1, 1], [0, 5, 4]).picker(leastActive)
  assert.equal(picker.pick(tried(0)), 2)
  assert.equal(picker.pick(tried(0, 2)), 1)
})

test('among servers of so many weights that a round is too long to lay out the idle ones are all used', () => {
  // Ties are then broken by the way along the ring (base/golden-sequence.ts).
  const random = seededRandom(1)
  const weights = Array.from({ length: 64 }, () => 500 + Math.floor(random() * 1000))
  const idle = [5, 6, 33, 63]
  const pool = new SimulatedPool(
    weights,
    weights.map((_, position) => (idle.includes(position) ? 0 : 1)),
  )
  const counts = tally(pickInTurn(pool.picker(leastActive), 4000), 64)
  for (const position of idle) assert.ok(counts[position]! > 0, `server ${position} was never picked`)
  assert.equal(
    idle.reduce((sum, position) => sum + counts[position]!, 0),
    4000,
  )
})

test('among thousands of servers it finds an idle one that it saw going idle', () => {
  const pool = new SimulatedPool(new Array<number>(5000).fill(1), new Array<number>(5000).fill(1))
  const picker = pool.picker(leastActive)
  for (const position of [17, 4321]) {
    pool.loads[position] = 0
    picker.finished?.(position, { outcome: OUTCOME.ok, headMillis: 1, millis: 1, now: 0 })
  }
  const picks = [0, 1].map(() => {
    const position = picker.pick(fresh)
    pool.loads[position]!++
    return position
  })
  assert.deepEqual(picks.sort(), [17, 4321])
})

test('among a thousand busy servers the longest queue is hardly longer than the mean', () => {
  // One draw in place of a few would give the longest queue a dozen or more, and exactness 3.
  const pool = new SimulatedPool(new Array<number>(1000).fill(1))
  const picker = pool.picker(leastActive)
  pickUnderLoad(pool, picker, 50_000, 2500)
  assert.ok(Math.max(...pool.loads) <= 4, `${Math.max(...pool.loads)} in flight at one server`)
})
