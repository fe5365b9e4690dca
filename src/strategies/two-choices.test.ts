import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fresh, pickInTurn, pickUnderLoad, SimulatedPool, tally } from '../../test/seams/simulated-pool.ts'
import { random } from './random.ts'
import { twoChoices } from './two-choices.ts'

test('of two servers the one with less in flight for its weight is always picked', () => {
  assert.deepEqual(tally(pickInTurn(new SimulatedPool([1, 1], [3, 2]).picker(twoChoices), 100), 2), [0, 100])
  const picks = tally(pickInTurn(new SimulatedPool([1, 4], [1, 3]).picker(twoChoices), 100), 2)
  assert.equal(picks[0], 0)
})

test('the most loaded server is never picked while two others are allowed', () => {
  const picks = tally(pickInTurn(new SimulatedPool([1, 1, 1, 1], [0, 1, 9, 2]).picker(twoChoices), 1000), 4)
  assert.equal(picks[2], 0)
  assert.ok(picks[0]! > picks[1]! && picks[1]! > picks[3]!, `${picks}`)
})

test('the longest queue is much shorter than with one draw', () => {
  const longest = [random, twoChoices].map((strategy) => {
    const pool = new SimulatedPool(new Array<number>(1000).fill(1))
    pickUnderLoad(pool, pool.picker(strategy), 50_000, 1000)
    return Math.max(...pool.loads)
  })
  // ln n / ln ln n against ln ln n / ln 2 and a constant.
  assert.ok(longest[0]! >= 5 && longest[1]! <= 4, `${longest}`)
})

test('a server that failed is passed over for a while, and then tried again', () => {
  const picker = new SimulatedPool([1, 1]).picker(twoChoices)
  for (let i = 0; i < 3; i++) picker.finished?.(0, { outcome: 1, headMillis: 1, millis: 1, now: 0 })
  const picked = (now: number) =>
    tally(
      Array.from({ length: 100 }, () => picker.pick({ ...fresh, now })),
      2,
    )[0]!
  assert.equal(picked(1000), 0)
  assert.ok(picked(60_000) > 20)
})
