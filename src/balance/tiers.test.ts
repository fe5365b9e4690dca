import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TierRules } from '../plan/plan.ts'
import { FITNESS, type Fitness, makeTiers, type TierServer } from './tiers.ts'

const { healthy, sick, leaving } = FITNESS
const RULES: TierRules = { overprovisioning: 1.4, panic: 0, zone: '' }

function servers(count: number, of: Partial<TierServer> = {}): TierServer[] {
  return Array.from({ length: count }, () => ({ weight: 1, priority: 0, backup: false, zone: '', ...of }))
}

/** Members and shares in percent; what is not said to be otherwise is healthy. */
function tiersOf(list: readonly TierServer[], states: Record<number, Fitness> = {}, rules: Partial<TierRules> = {}) {
  const { tiers, panic } = makeTiers(list, (server) => states[server] ?? healthy, { ...RULES, ...rules })
  const shares = tiers.map(({ members, share }) => [members.join(' '), Math.round(share * 1000) / 10])
  return panic ? ['panic', ...shares] : shares
}

test('servers that say nothing are one tier that takes all', () => {
  assert.deepEqual(tiersOf(servers(3)), [['0 1 2', 100]])
})

test('a server that is sick or leaving is in no tier; without any other there is none', () => {
  assert.deepEqual(tiersOf(servers(3), { 0: sick, 2: leaving }), [['1', 100]])
  assert.deepEqual(tiersOf(servers(2), { 0: sick, 1: leaving }), [])
})

test('a level overflows to the next in the measure in which it cannot bear everything', () => {
  const levels = [...servers(4), ...servers(4, { priority: 1 })]
  assert.deepEqual(tiersOf(levels), [
    ['0 1 2 3', 100],
    ['4 5 6 7', 0],
  ])
  // Three of four bear 1.4 × 75 % = 105 %.
  assert.deepEqual(tiersOf(levels, { 0: sick })[0], ['1 2 3', 100])
  assert.deepEqual(tiersOf(levels, { 0: sick, 1: sick }), [
    ['2 3', 70],
    ['4 5 6 7', 30],
  ])
  assert.deepEqual(tiersOf(levels, { 0: sick, 1: sick, 2: sick, 3: sick }), [['4 5 6 7', 100]])
})

test('when all levels together cannot bear everything, they share it in proportion', () => {
  const levels = [...servers(4), ...servers(4, { priority: 1 })]
  // 35 % and 35 % of the remaining 65 %: 22.75 %.
  const states = { 0: sick, 1: sick, 2: sick, 4: sick, 5: sick, 6: sick }
  assert.deepEqual(tiersOf(levels, states), [
    ['3', 60.6],
    ['7', 39.4],
  ])
})

test('weights count, not heads', () => {
  const levels = [...servers(1, { weight: 9 }), ...servers(1), ...servers(1, { priority: 1 })]
  assert.deepEqual(tiersOf(levels, { 1: sick })[0], ['0', 100])
  assert.deepEqual(tiersOf(levels, { 0: sick }), [
    ['1', 14],
    ['2', 86],
  ])
})

test('levels come in the order of their numbers, wherever they stand in the list', () => {
  const levels = [...servers(1, { priority: 5 }), ...servers(1, { priority: 2 })]
  assert.deepEqual(tiersOf(levels), [
    ['1', 100],
    ['0', 0],
  ])
})

test('a backup has no share while any other server is healthy, and all of it after that', () => {
  const list = [...servers(4), ...servers(1, { backup: true })]
  assert.deepEqual(tiersOf(list, { 0: sick, 1: sick, 2: sick }), [
    ['3', 100],
    ['4', 0],
  ])
  assert.deepEqual(tiersOf(list, { 0: sick, 1: sick, 2: sick, 3: sick }), [['4', 100]])
})

test('the near zone takes all it can bear; the rest spills over to the others', () => {
  const list = [...servers(2, { zone: 'a' }), ...servers(2, { zone: 'b' }), ...servers(2, { zone: 'c' })]
  assert.deepEqual(tiersOf(list, {}, { zone: 'b' }), [
    ['2 3', 100],
    ['0 1 4 5', 0],
  ])
  assert.deepEqual(tiersOf(list, { 2: sick }, { zone: 'b' }), [
    ['3', 70],
    ['0 1 4 5', 30],
  ])
  assert.deepEqual(tiersOf(list, { 2: sick, 3: sick }, { zone: 'b' }), [['0 1 4 5', 100]])
  assert.deepEqual(tiersOf(list, {}, { zone: 'elsewhere' }), [['0 1 2 3 4 5', 100]])
})

test('zones are looked at within each level', () => {
  const list = [...servers(2, { zone: 'a' }), ...servers(2, { priority: 1, zone: 'a' }), ...servers(2, { priority: 1 })]
  assert.deepEqual(tiersOf(list, { 0: sick, 2: sick }, { zone: 'a' }), [
    ['1', 70],
    ['3', 21],
    ['4 5', 9],
  ])
})

test('in a panic all servers are used but those that leave', () => {
  const list = servers(4)
  assert.deepEqual(tiersOf(list, { 0: sick, 1: sick }, { panic: 0.5 }), [['2 3', 100]])
  assert.deepEqual(tiersOf(list, { 0: sick, 1: sick, 2: sick }, { panic: 0.5 }), ['panic', ['0 1 2 3', 100]])
  assert.deepEqual(tiersOf(list, { 0: sick, 1: sick, 2: sick, 3: leaving }, { panic: 0.5 }), ['panic', ['0 1 2', 100]])
  assert.deepEqual(tiersOf(list, { 0: sick, 1: sick, 2: sick, 3: sick }, { panic: 0.5 }), ['panic', ['0 1 2 3', 100]])
  assert.deepEqual(tiersOf(list, { 0: leaving, 1: leaving, 2: leaving, 3: leaving }, { panic: 0.5 }), [])
})
