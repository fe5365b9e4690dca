// Limits and the queue in the laboratory, where they are those of the product.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtInScenarios } from './built-in-scenarios.ts'
import type { Result } from './result.ts'
import type { UpstreamKeys } from './scenario.ts'
import { simulate } from './simulation.ts'

const EQUAL = builtInScenarios.equal!

/** Ten servers at one and a half times the load that they can bear. */
function overloaded(upstream: UpstreamKeys): Result {
  return simulate({ ...EQUAL, load: 1.5, requests: 60_000, upstream }, 'least_active')
}

test('a limit and a queue bound what requests wait, and turn away no more than they must', () => {
  const free = overloaded({})
  const result = overloaded({ max_active: 60, queue: { length: 200, timeout: '1s' } })
  assert.ok(result.p99 < free.p99 / 10, `${result.p99} against ${free.p99}`)
  assert.ok(Math.abs(result.failed / result.exchanges - 1 / 3) < 0.02, `${result.failed} of ${result.exchanges}`)
})

test('an adaptive limit keeps the servers at work, and requests quick', () => {
  const result = overloaded({ concurrency: 'adaptive' })
  assert.ok(result.p99 < 60, `${result.p99} ms`)
  assert.ok(Math.abs(result.failed / result.exchanges - 1 / 3) < 0.04, `${result.failed} of ${result.exchanges}`)
})

test('who waits too long is turned away in time', () => {
  const result = overloaded({ max_active: 30, queue: { length: 1000, timeout: '50ms' } })
  assert.ok(result.p99 < 50 + 50, `${result.p99} ms`)
  assert.ok(result.failed > 0)
})
