import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstStopSignal } from './stop-signals.ts'

test('the first signal resolves, the same press again is ignored, a later one ends the process', async (t) => {
  const exit = t.mock.method(process, 'exit', () => {})
  const print = t.mock.method(console, 'error', () => {})
  t.after(() => {
    process.removeAllListeners('SIGINT')
    process.removeAllListeners('SIGTERM')
  })
  let now = 1000
  const first = firstStopSignal(() => now)

  process.emit('SIGINT', 'SIGINT')
  assert.equal(await first, 'SIGINT')
  now += 400
  process.emit('SIGINT', 'SIGINT')
  process.emit('SIGTERM', 'SIGTERM')
  assert.equal(exit.mock.callCount(), 0)

  now += 1
  process.emit('SIGINT', 'SIGINT')
  process.emit('SIGTERM', 'SIGTERM')
  assert.deepEqual(
    exit.mock.calls.map((call) => call.arguments),
    [[130], [143]],
  )
  assert.deepEqual(print.mock.calls[0]?.arguments, ['octoload: SIGINT received again: ending now'])
})
