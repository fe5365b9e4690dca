import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fresh, SimulatedPool, SimulatedTurn, tally } from '../../test/seams/simulated-pool.ts'
import { simulateTraffic } from '../../test/seams/simulated-traffic.ts'
import { seededRandom } from '../base/random.ts'
import type { Picker } from '../seams/strategy.ts'
import { prequal } from './prequal.ts'

/** A picker that was asked for no probe yet, and the probes that it sends. */
function made(
  pool: SimulatedPool,
  options: Record<string, unknown> = {},
): { picker: Picker; sent: [number, string][] } {
  const sent: [number, string][] = []
  const probe = (position: number, path: string) => void sent.push([position, path])
  const tools = { random: seededRandom(1), turn: new SimulatedTurn(), probe }
  return { picker: prequal.make(pool, tools, options, null), sent }
}

function answer(picker: Picker, position: number, inFlight: number, millis: number, now = 0): void {
  picker.probed?.(position, { ok: true, inFlight, millis, now })
}

test('the quickest cold server is picked; when the quickest is hot, the next one', () => {
  const pool = new SimulatedPool([1, 1, 1, 1, 1, 1, 1, 1])
  const { picker } = made(pool)
  for (let position = 0; position < 8; position++) {
    if (position === 5) answer(picker, position, 30, 1)
    else answer(picker, position, 3, 80 - position)
  }
  assert.equal(picker.pick(fresh), 7)
  answer(picker, 5, 2, 1)
  assert.equal(picker.pick(fresh), 5)
})

test('what this process sends counts at once, and not only with the next answer', () => {
  const pool = new SimulatedPool([1, 1, 1, 1])
  const { picker } = made(pool, { probes_per_request: 0.01 })
  for (let position = 0; position < 4; position++) answer(picker, position, 2, position === 1 ? 5 : 10)
  const picks = Array.from({ length: 8 }, () => {
    const position = picker.pick(fresh)
    pool.loads[position]!++
    return position
  })
  assert.equal(picks[0], 1)
  assert.ok(tally(picks, 4)[1]! <= 3, `${picks}`)
})

test('answers grow old, and then two servers are drawn', () => {
  const pool = new SimulatedPool([1, 1, 1])
  const { picker } = made(pool)
  for (const [position, millis] of [
    [0, 5],
    [1, 50],
    [2, 50],
  ] as const)
    answer(picker, position, 0, millis)
  assert.equal(picker.pick({ ...fresh, now: 900 }), 0)
  pool.loads[0] = 1
  // By load now, and not by latency.
  const picks = tally(
    Array.from({ length: 30 }, () => picker.pick({ ...fresh, now: 1100 })),
    3,
  )
  assert.equal(picks[0], 0)
})

test('sends as many probes as the option says, by weight and to its path', () => {
  const { picker, sent } = made(new SimulatedPool([9, 1]), { probes_per_request: 0.5, path: '/load' })
  for (let i = 0; i < 2000; i++) picker.pick(fresh)
  assert.equal(sent.length, 1000)
  assert.ok(sent.every(([, path]) => path === '/load'))
  const counts = tally(
    sent.map(([position]) => position),
    2,
  )
  assert.ok(counts[0]! > 850 && counts[0]! < 950, `${counts}`)
})

test('an answer is used only a few times', () => {
  const pool = new SimulatedPool(new Array<number>(100).fill(1))
  const { picker } = made(pool, { probes_per_request: 3 })
  for (let position = 0; position < 16; position++) answer(picker, position, 0, position === 0 ? 1 : 10)
  const picks = Array.from({ length: 10 }, () => picker.pick(fresh))
  // (1 + 1) / ((1 − 16 / 100) × 3 − 1) is 1.3.
  assert.ok(picks.filter((position) => position === 0).length <= 2, `${picks}`)
})

test('keeps away from a server that is busy with what others send it', () => {
  const { times, picks, probes } = simulateTraffic({
    strategy: prequal,
    weights: new Array<number>(10).fill(1),
    service: (position, _now, random) => (position === 4 ? 8 : 1) * (20 + 20 * random()),
    probes: (position, inFlight) => ({
      inFlight: inFlight + (position === 4 ? 40 : 2),
      millis: position === 4 ? 240 : 30,
    }),
  })
  assert.ok(Math.abs(probes - picks) <= 1)
  assert.ok(times[4]!.length < 0.02 * picks, `${times[4]!.length} of ${picks}`)
})
