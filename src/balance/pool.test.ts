import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TestPool } from '../../test/support/pool.ts'
import { DOWN, DRAINING, UP } from '../shared/server-table.ts'

const urls = (count: number) => Array.from({ length: count }, (_, index) => `http://s:${index + 1}`)

describe('levels', () => {
  const backup = { servers: [...urls(2), { url: 'http://s:9', backup: true }] }

  test('a backup is chosen only when the others are down, and no longer when one is back', () => {
    const pool = new TestPool(backup)
    assert.equal(pool.tally(100)[2], 0)
    pool.table.setHealth(0, DOWN)
    assert.deepEqual(pool.tally(100), [0, 100, 0])
    pool.table.setHealth(1, DOWN)
    assert.deepEqual(pool.tally(100), [0, 0, 100])
    pool.table.setHealth(0, UP)
    assert.deepEqual(pool.tally(100), [100, 0, 0])
  })

  test('a backup is chosen when the others are full or were tried', () => {
    const pool = new TestPool({
      servers: [
        { url: 'http://s:1', max_active: 1 },
        { url: 'http://s:9', backup: true },
      ],
    })
    assert.equal(pool.choose(), 0)
    assert.equal(pool.choose(), 1)
    pool.finish(0)
    assert.equal(pool.choose(), 0)
    assert.equal(pool.choose(0, 1), undefined)
  })

  test('a level of which too much is down overflows to the next in proportion', () => {
    const levels = { servers: [...urls(2), { url: 'http://s:3', priority: 1 }, { url: 'http://s:4', priority: 1 }] }
    const pool = new TestPool(levels)
    assert.deepEqual(pool.tally(1000).slice(2), [0, 0])
    pool.table.setHealth(0, DOWN)
    const [, near, ...far] = pool.tally(10_000)
    assert.ok(Math.abs(near! - 7000) < 200, `${near} of 10000, not 70 %`)
    for (const count of far) assert.ok(Math.abs(count - 1500) < 150, `${count} of 10000, not 15 %`)
  })

  test('servers of the same zone are preferred, the others are used when these are gone', () => {
    const zones = { servers: urls(4).map((url, index) => ({ url, zone: index < 2 ? 'a' : 'b' })) }
    const pool = new TestPool(zones, { zone: 'b' })
    assert.deepEqual(pool.tally(100), [0, 0, 50, 50])
    pool.table.setHealth(2, DOWN)
    pool.table.setHealth(3, DOWN)
    assert.deepEqual(pool.tally(100), [50, 50, 0, 0])
  })

  test('when too few servers are healthy all are used, but never one that leaves', () => {
    const pool = new TestPool({ servers: urls(4), panic_threshold: '50%' })
    pool.table.setHealth(0, DOWN)
    pool.table.setHealth(1, DRAINING)
    pool.table.setHealth(2, DOWN)
    assert.deepEqual(pool.tally(90), [30, 0, 30, 30])
    assert.equal(pool.pool.panic, true)
    pool.table.setHealth(0, UP)
    assert.deepEqual(pool.tally(90), [45, 0, 0, 45])
    assert.equal(pool.pool.panic, false)
  })
})

describe('slow start', () => {
  const upstream = { servers: urls(2), strategy: 'round_robin', slow_start: { window: '10s' } } as const

  /** The share of server 1 in percent, `millis` later. */
  function share(pool: TestPool, millis: number): number {
    pool.now += millis
    return pool.tally(2100)[1]! / 21
  }

  function expectedShare(weight: number): number {
    return (100 * weight) / (1 + weight)
  }

  test('a server that comes up while another is up gets its weight little by little', () => {
    const pool = new TestPool(upstream)
    assert.equal(share(pool, 0), 50)
    pool.table.setHealth(1, DOWN)
    assert.equal(share(pool, 60_000), 0)
    pool.table.setHealth(1, UP)
    for (const [millis, weight] of [
      [0, 0.1],
      [2500, 0.25],
      [2500, 0.5],
      [2500, 0.75],
      [2500, 1],
    ] as const) {
      const found = share(pool, millis)
      assert.ok(Math.abs(found - expectedShare(weight)) < 1, `${found} % with a weight of ${weight}`)
    }
  })

  test('the first servers of all start with everything, and so does one that finds nobody else', () => {
    const pool = new TestPool(upstream)
    pool.table.setHealth(0, DOWN)
    pool.table.setHealth(1, DOWN)
    assert.equal(pool.choose(), undefined)
    pool.table.setHealth(1, UP)
    assert.equal(share(pool, 0), 100)
    const fresh = new TestPool(upstream)
    assert.equal(share(fresh, 0), 50)
  })

  test('a pool that nobody asked meanwhile starts a server slowly all the same, from when it came up', () => {
    for (const asked of [false, true]) {
      const pool = new TestPool(upstream)
      if (asked) pool.tally(2)
      pool.now = 1000
      pool.table.setHealth(1, DOWN)
      pool.now = 60_000
      pool.table.setHealth(1, UP)
      const found = share(pool, 5000)
      assert.ok(Math.abs(found - expectedShare(0.5)) < 1, `${found} % ${asked ? 'with' : 'without'} requests before`)
      assert.equal(share(pool, 5000), 50)
    }
  })

  test('a server of which the circuit breaker has closed starts slowly', () => {
    const pool = new TestPool(upstream)
    assert.equal(share(pool, 1000), 50)
    pool.table.markUp(1)
    const found = share(pool, 0)
    assert.ok(Math.abs(found - expectedShare(0.1)) < 1, `${found} %`)
  })

  test('a server that joins by a new plan starts slowly, those that stay do not', () => {
    const before = new TestPool({ ...upstream, servers: urls(1) })
    before.tally(1)
    const after = new TestPool(upstream, {}, before)
    assert.ok(share(after, 0) < 10)
    assert.equal(share(after, 10_000), 50)
    const again = new TestPool(upstream, {}, after)
    assert.equal(share(again, 0), 50)
  })
})
