import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../base/random.ts'
import { VirtualClock } from './virtual-clock.ts'

test('events happen in the order of their times, and of their planning where those are equal', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed)
    const clock = new VirtualClock()
    const planned: { time: number; record: number }[] = []
    for (let record = 0; record < 3000; record++) {
      const time = Math.floor(random() * 50)
      planned.push({ time, record })
      clock.plan(time, 1 + (record % 7), record)
    }
    planned.sort((one, other) => one.time - other.time || one.record - other.record)
    for (const { time, record } of planned) {
      assert.ok(clock.next(), `seed ${seed}`)
      assert.deepEqual([clock.now, clock.kind, clock.record], [time, 1 + (record % 7), record], `seed ${seed}`)
    }
    assert.equal(clock.next(), false)
  }
})

test('what is planned while time goes on takes its place', () => {
  const random = seededRandom(5)
  const clock = new VirtualClock()
  for (let event = 0; event < 100; event++) clock.plan(random(), 1, event)
  let before = 0
  for (let step = 0; step < 10_000; step++) {
    assert.ok(clock.next())
    assert.ok(clock.now >= before)
    before = clock.now
    clock.plan(clock.now + random(), 1, clock.record)
  }
})

test('calls are made at their time unless they are called off', () => {
  const clock = new VirtualClock()
  const made: string[] = []
  clock.after(2, () => made.push(`two at ${clock.now}`))
  const off = clock.after(1, () => made.push('one'))
  clock.after(3, () => {
    made.push(`three at ${clock.now}`)
    clock.after(1, () => made.push(`four at ${clock.now}`))
  })
  clock.callOff(off)
  clock.plan(3.5, 1, 9)
  assert.ok(clock.next())
  assert.deepEqual([clock.now, clock.kind, clock.record], [3.5, 1, 9])
  assert.deepEqual(made, ['two at 2', 'three at 3'])
  assert.equal(clock.next(), false)
  assert.deepEqual(made.at(-1), 'four at 4')
})
