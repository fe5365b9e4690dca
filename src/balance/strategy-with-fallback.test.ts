import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fresh, pickInTurn, SimulatedPool, tried } from '../../test/seams/simulated-pool.ts'
import { NONE, type Picker, type Strategy } from '../seams/strategy.ts'
import { leastActive } from '../strategies/least-active.ts'
import { withFallback } from './strategy-with-fallback.ts'

function custom(make: () => unknown): Strategy {
  return { name: 'x', title: 'x', summary: 'X.', showsLoad: false, make: make as () => Picker }
}

function withLeastActive(make: () => unknown): { strategy: Strategy; reasons: string[] } {
  const reasons: string[] = []
  return { strategy: withFallback(custom(make), leastActive, (reason) => reasons.push(reason)), reasons }
}

const picking = (pick: () => unknown) => () => ({ pick })

test('a sound strategy does what it wants', () => {
  const { strategy, reasons } = withLeastActive(picking(() => 2))
  assert.deepEqual(pickInTurn(new SimulatedPool([1, 1, 1]).picker(strategy), 3), [2, 2, 2])
  assert.deepEqual(reasons, [])
})

test('what throws or picks nonsense is told once, and least_active takes over', () => {
  const broken: [() => unknown, RegExp][] = [
    [
      () => {
        throw new Error('no')
      },
      /^`make` threw Error: no$/,
    ],
    [() => null, /^`make` returned no picker$/],
    [() => ({ pick: 5 }), /^`make` returned no picker$/],
    [
      picking(() => {
        throw new TypeError('oh')
      }),
      /^`pick` threw TypeError: oh$/,
    ],
    [picking(() => 3), /^`pick` returned 3, which is no position from 0 to 2$/],
    [picking(() => 0.5), /^`pick` returned 0.5, /],
    [picking(() => undefined), /^`pick` returned undefined, /],
    [picking(() => '1'), /^`pick` returned "1", /],
    [picking(async () => 1), /^`pick` returned an object, /],
    [picking(() => NONE), /^`pick` returned NONE although a server was left$/],
    [
      () => ({
        pick: () => 1,
        started: () => {
          throw new Error('s')
        },
      }),
      /^`started` threw Error: s$/,
    ],
  ]
  for (const [make, reason] of broken) {
    const { strategy, reasons } = withLeastActive(make)
    const pool = new SimulatedPool([1, 1, 1])
    let picker = pool.picker(strategy)
    for (let i = 0; i < 9; i++) {
      const position = picker.pick(fresh)
      pool.loads[position]!++
      picker.started?.(position)
    }
    assert.equal(reasons.length, 1, String(reason))
    assert.match(reasons[0]!, reason)
    assert.ok(Math.max(...pool.loads) <= 4, `${pool.loads}`)
    // A rebuild does not bring it back.
    picker = pool.picker(strategy, 1, undefined, {}, picker)
    assert.equal(pickInTurn(picker, 3).length, 3)
    assert.equal(reasons.length, 1)
  }
})

test('a server that is excluded is not offered, and only picking it again and again counts as broken', () => {
  let picks = 0
  const once = withLeastActive(picking(() => (picks++ === 0 ? 0 : 1)))
  assert.equal(new SimulatedPool([1, 1]).picker(once.strategy).pick(tried(0)), 1)
  assert.deepEqual(once.reasons, [])
  const always = withLeastActive(picking(() => 0))
  assert.equal(new SimulatedPool([1, 1]).picker(always.strategy).pick(tried(0)), 1)
  assert.deepEqual(always.reasons, ['`pick` returned 0, which the exchange excludes'])
})

test('a picker gets the one before it, not what is wrapped around it', () => {
  const seen: unknown[] = []
  const strategy = withFallback(
    {
      ...custom(() => null),
      make: (_servers, _tools, _options, before) => {
        seen.push(before)
        return { pick: () => 0 }
      },
    },
    leastActive,
    () => {},
  )
  const pool = new SimulatedPool([1])
  pool.picker(strategy, 1, undefined, {}, pool.picker(strategy))
  assert.equal(seen[0], null)
  assert.deepEqual(Object.keys(seen[1] as object), ['pick'])
})
