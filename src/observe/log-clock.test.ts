import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogClock, localTime } from './log-clock.ts'

const START = new Date(2025, 8, 30, 18, 53, 47, 120).getTime()

test('times are local and of fixed width', () => {
  assert.equal(localTime(START), '2025/09/30 18:53:47')
  assert.equal(localTime(new Date(2026, 0, 2, 3, 4, 5).getTime()), '2026/01/02 03:04:05')
})

test('the prefix changes with the second, and only when it is refreshed', () => {
  let now = START
  const clock = new LogClock(false, () => now)
  const first = clock.prefix
  assert.equal(first, 'load-balancer: 2025/09/30 18:53:47 ')
  now += 879
  clock.refresh()
  assert.equal(clock.prefix, first)
  now += 1
  assert.equal(clock.prefix, first)
  const { second } = clock
  clock.refresh()
  assert.equal(clock.prefix, 'load-balancer: 2025/09/30 18:53:48 ')
  assert.equal(clock.second, second + 1)
})

test('JSON lines carry milliseconds in UTC', () => {
  let now = Date.UTC(2025, 8, 30, 18, 53, 47, 123)
  const clock = new LogClock(false, () => now)
  assert.equal(clock.readMillis(), now)
  assert.equal(clock.iso, '2025-09-30T18:53:47.123Z')
  now++
  clock.readMillis()
  assert.equal(clock.iso, '2025-09-30T18:53:47.124Z')
})
