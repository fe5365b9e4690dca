import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RestartPolicy } from './restart-policy.ts'

test('a worker that dies again and again is replaced later and later, and then no more', () => {
  const policy = new RestartPolicy()
  assert.deepEqual(
    [0, 1000, 2000, 3000, 4000].map((now) => policy.died(now)),
    [100, 200, 400, 800, null],
  )
})

test('a worker that dies now and then is always replaced soon', () => {
  const policy = new RestartPolicy()
  for (let now = 0; now < 3_600_000; now += 60_000) assert.equal(policy.died(now), 100)
  const often = new RestartPolicy()
  for (let now = 0; now < 3_600_000; now += 20_000) assert.ok(often.died(now)! <= 400)
})
