import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Retries } from '../config/config.ts'
import type { RetryReason } from '../seams/failures.ts'
import { RetryPolicy, retryAfterMillis, type SentRequest } from './retry-policy.ts'

const DEFAULTS: Retries = {
  attempts: 2,
  on: ['connect_failure', 'reset'],
  non_idempotent: false,
  per_try_timeout: 0,
  backoff_base: 25,
  backoff_max: 250,
  retry_after_max: 1000,
  budget_ratio: 0.2,
  budget_min_per_second: 10,
}
const ALL: Retries['on'] = ['connect_failure', 'reset', 'timeout', { from: 500, to: 504 }, { from: 429, to: 429 }]
const REASONS: RetryReason[] = ['connect_failure', 'reset', 'timeout', 'status']
const BOTH = [true, false]
/** A request that is whole is held, too. */
const REQUESTS = BOTH.flatMap((idempotent) =>
  BOTH.flatMap((held) => BOTH.map((whole): SentRequest => ({ idempotent, held, whole: held && whole }))),
)

test('what may have been executed is sent again only if it is idempotent, and only what is held', () => {
  const policy = new RetryPolicy({ ...DEFAULTS, on: ALL })
  for (const request of REQUESTS) {
    const { idempotent, held, whole } = request
    const allowed = REASONS.map((reason) => policy.allows(reason, request, 0))
    assert.deepEqual(allowed, [held, held && idempotent, whole && idempotent, whole && idempotent])
  }
})

test('`non_idempotent` takes away that condition and no other', () => {
  const policy = new RetryPolicy({ ...DEFAULTS, on: ALL, non_idempotent: true })
  for (const request of REQUESTS) {
    const { held, whole } = request
    const allowed = REASONS.map((reason) => policy.allows(reason, request, 0))
    assert.deepEqual(allowed, [held, held, whole, whole])
  }
})

test('only what is listed is tried again, and only so often', () => {
  const request = { idempotent: true, held: true, whole: true }
  for (const reason of REASONS) {
    const condition = reason === 'status' ? { from: 503, to: 503 } : reason
    const policy = new RetryPolicy({ ...DEFAULTS, on: [condition] })
    for (const other of REASONS) assert.equal(policy.allows(other, request, 0), other === reason)
    assert.deepEqual(
      [0, 1, 2, 3].map((retries) => policy.allows(reason, request, retries)),
      [true, true, false, false],
    )
    assert.equal(new RetryPolicy({ ...DEFAULTS, attempts: 0, on: [condition] }).allows(reason, request, 0), false)
  }
})

test('statuses are listed singly and by ranges, ends included', () => {
  const policy = new RetryPolicy({ ...DEFAULTS, on: ALL })
  const listed = Array.from({ length: 500 }, (_, index) => 100 + index).filter((status) => policy.listsStatus(status))
  assert.deepEqual(listed, [429, 500, 501, 502, 503, 504])
  assert.equal(new RetryPolicy(DEFAULTS).listsStatus(503), false)
  assert.equal(new RetryPolicy({ ...DEFAULTS, on: ALL, attempts: 0 }).listsStatus(503), false)
  assert.equal(new RetryPolicy({ ...DEFAULTS, on: [{ from: 500, to: 599 }] }).listsStatus(599), true)
})

test('waits are random up to a bound that doubles and has a maximum', () => {
  const policy = new RetryPolicy(DEFAULTS)
  const most = [0, 1, 2, 3, 4, 5, 9].map((retries) => policy.wait('status', retries, 1))
  assert.deepEqual(most, [25, 50, 100, 200, 250, 250, 250])
  assert.equal(policy.wait('timeout', 3, 0.25), 50)
  assert.equal(policy.wait('status', 9, 0), 0)
  assert.equal(new RetryPolicy({ ...DEFAULTS, backoff_base: 0 }).wait('status', 5, 0.9), 0)
})

test('the first retry after a failed connection does not wait, later ones do', () => {
  const policy = new RetryPolicy(DEFAULTS)
  for (const reason of ['connect_failure', 'reset'] as const) {
    assert.equal(policy.wait(reason, 0, 0.5), 0)
    assert.equal(policy.wait(reason, 1, 0.5), 25)
  }
})

test('Retry-After is read as seconds or as a date, and anything else is no wish', () => {
  const now = Date.parse('2026-11-25T12:00:00Z')
  const cases: [string, number][] = [
    ['', 0],
    ['0', 0],
    ['1', 1000],
    ['120', 120_000],
    ['9999999999', 9_999_999_999_000],
    ['Wed, 25 Nov 2026 12:00:02 GMT', 2000],
    ['Wed, 25 Nov 2026 11:59:00 GMT', 0],
    ['-1', 0],
    ['1.5', 0],
    ['1, 2', 0],
    ['soon', 0],
    ['Wed, 99 Nov 2026 12:00:02 GMT', 0],
    ['2026-11-25', 0],
  ]
  for (const [value, millis] of cases) assert.equal(retryAfterMillis(value, now), millis, value)
})

test('a Retry-After is waited for up to the limit; without one only if it asks for no wait', () => {
  const policy = new RetryPolicy(DEFAULTS)
  assert.deepEqual(
    [0, 1000, 1001].map((millis) => policy.accepts(millis)),
    [true, true, false],
  )
  const off = new RetryPolicy({ ...DEFAULTS, retry_after_max: 0 })
  assert.deepEqual(
    [0, 1].map((millis) => off.accepts(millis)),
    [true, false],
  )
})
