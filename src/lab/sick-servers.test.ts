// Outlier detection and circuit breakers in the laboratory, where they are those of the product.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BASE_FAULT, BASE_SCENARIO } from './built-in-scenarios.ts'
import type { Result } from './result.ts'
import type { Fault, UpstreamKeys } from './scenario.ts'
import { simulate } from './simulation.ts'

/** Ten servers, one of which has this fault from 5 to 25 s of some 38; it never shows in health checks. */
function run(upstream: UpstreamKeys, fault: Partial<Fault>): Result {
  const faults = [{ ...BASE_FAULT, at: 5000, length: 20_000, ...fault }]
  return simulate({ ...BASE_SCENARIO, requests: 60_000, faults, upstream }, 'round_robin')
}

test('a server that answers with errors is ejected after some in a row, and comes back', () => {
  const seen = run({ outlier_detection: { consecutive_errors: 5, base_time: '2s' } }, { kind: 'errors' })
  const unseen = run({}, { kind: 'errors' })
  // 2, 4, 6, 8 s of 20 it is out, and each time it takes five errors.
  assert.ok(unseen.failed > 2000, `${unseen.failed}`)
  assert.ok(seen.failed >= 15 && seen.failed < 60, `${seen.failed}`)
  assert.ok(seen.servers[0]!.relative > 0.2, 'it serves before and afterwards')
})

test('a server that is slower than the others is ejected', () => {
  const rules = { latency_factor: 3, latency_floor: '20ms', interval: '1s', min_requests: 20, base_time: '5s' } as const
  const seen = run({ outlier_detection: rules }, { kind: 'slow' })
  const unseen = run({}, { kind: 'slow' })
  assert.ok(seen.mean < unseen.mean / 1.5, `${seen.mean} against ${unseen.mean}`)
  assert.ok(seen.servers[0]!.relative < 0.8)
})

test('a circuit breaker opens, tries, and closes again', () => {
  const rules = { consecutive_failures: 3, open_time: '1s', max_open_time: '2s', trials: 2 } as const
  const result = run({ circuit_breaker: rules }, { kind: 'errors' })
  // Three failures, and then a trial or two every two seconds.
  assert.ok(result.failed >= 8 && result.failed < 40, `${result.failed}`)
  const late = result.series.filter(({ at }) => at > 29_000)
  assert.equal(
    late.reduce((sum, { failed }) => sum + failed, 0),
    0,
  )
  assert.ok(result.servers[0]!.relative > 0.3, 'it is let in again when it is well')
})
