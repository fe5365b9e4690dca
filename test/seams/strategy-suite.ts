// What every strategy promises, whatever it goes by. Runs over each registered one (strategies.test.ts).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../src/base/random.ts'
import { NONE, type Strategy } from '../../src/seams/strategy.ts'
import { fresh, pickInTurn, pickUnderLoad, SimulatedPool, SimulatedTurn, tally, tried } from './simulated-pool.ts'

const EQUAL = [1, 1, 1]
const WEIGHTED = [5, 1, 1]
const MIXED = [10, 7, 7, 3, 1, 1]

export function testStrategy(name: string, strategy: Strategy): void {
  describe(`strategy ${name}`, () => {
    test('is known by its own name, and says what it does', () => {
      assert.equal(strategy.name, name)
      assert.match(name, /^[a-z][a-z0-9_]*$/)
      assert.match(strategy.title, /^[a-z][a-z0-9 ]*$/)
      assert.match(strategy.summary, /^[A-Z].*\.$/)
    })

    test('picks the only server until it was tried', () => {
      const picker = new SimulatedPool([3], [17]).picker(strategy)
      assert.deepEqual(pickInTurn(picker, 5), [0, 0, 0, 0, 0])
      assert.equal(picker.pick(tried(0)), NONE)
      assert.equal(picker.pick(fresh), 0)
    })

    test('never picks a tried server while another is left, and NONE only when all were tried', () => {
      const server = fc.record({
        weight: fc.integer({ min: 1, max: 1000 }),
        load: fc.nat(3),
        tried: fc.boolean(),
      })
      fc.assert(
        fc.property(fc.array(server, { minLength: 1, maxLength: 12 }), fc.integer(), (servers, start) => {
          const pool = new SimulatedPool(
            servers.map((s) => s.weight),
            servers.map((s) => s.load),
          )
          const picker = pool.picker(strategy, start, new SimulatedTurn(start))
          const exchange = { ...fresh, excludes: (position: number) => servers[position]!.tried }
          const allTried = servers.every((s) => s.tried)
          for (let i = 0; i < 10; i++) {
            const position = picker.pick(exchange)
            if (allTried) assert.equal(position, NONE)
            else assert.equal(servers[position]?.tried, false)
          }
        }),
      )
    })

    test('goes through all servers when one after the other is tried', () => {
      const picker = new SimulatedPool(MIXED).picker(strategy)
      const done: number[] = []
      for (const _ of MIXED) done.push(picker.pick(tried(...done)))
      assert.deepEqual(done.toSorted(), [0, 1, 2, 3, 4, 5])
      assert.equal(picker.pick(tried(...done)), NONE)
    })

    for (const weights of [EQUAL, WEIGHTED, MIXED]) {
      test(`keeps to the weights ${weights} while servers are idle`, () => {
        const picks = pickInTurn(new SimulatedPool(weights).picker(strategy), 100_000)
        assertShares(tally(picks, weights.length), weights)
      })

      test(`keeps to the weights ${weights} under load`, () => {
        const pool = new SimulatedPool(weights)
        const picks = pickUnderLoad(pool, pool.picker(strategy), 100_000, 4 * sum(weights))
        assertShares(tally(picks, weights.length), weights)
      })
    }

    test('keeps to the weights when workers share the turn', () => {
      const pool = new SimulatedPool(MIXED)
      const turn = new SimulatedTurn()
      const workers = [1, 2, 3].map((seed) => pool.picker(strategy, seed, turn))
      const random = seededRandom(1)
      const picks = Array.from({ length: 100_000 }, () => workers[Math.floor(random() * 3)]!.pick(fresh))
      assertShares(tally(picks, MIXED.length), MIXED)
    })

    test('keeps to the weights while the turn wraps around', () => {
      for (const start of [2 ** 31 - 5000, -5000]) {
        const picker = new SimulatedPool(WEIGHTED).picker(strategy, 1, new SimulatedTurn(start))
        assertShares(tally(pickInTurn(picker, 100_000), WEIGHTED.length), WEIGHTED)
      }
    })

    test('stays fair while servers leave and return', () => {
      for (const seed of [1, 2, 3]) {
        const random = seededRandom(seed)
        const turn = new SimulatedTurn()
        const expected = [0, 0, 0, 0, 0]
        const counts = [0, 0, 0, 0, 0]
        for (let change = 0; change < 2000; change++) {
          const up = [0, 1, 2, 3, 4].filter(() => random() < 0.7)
          if (up.length === 0) continue
          const picks = Math.floor(random() * 100)
          const picker = new SimulatedPool(up.map(() => 1)).picker(strategy, change, turn)
          for (const position of pickInTurn(picker, picks)) counts[up[position]!]!++
          for (const server of up) expected[server]! += picks / up.length
        }
        assertShares(counts, expected, `seed ${seed}`)
      }
    })

    test('the same seed and turn give the same picks', () => {
      const run = () => {
        const pool = new SimulatedPool(MIXED)
        return pickUnderLoad(pool, pool.picker(strategy, 42, new SimulatedTurn(5)), 1000, 10)
      }
      assert.deepEqual(run(), run())
    })

    test('a picker for 10,000 servers is made in well under a second, whatever their weights', () => {
      const random = seededRandom(1)
      const distinct = Array.from({ length: 255 }, (_, i) => i + 1)
      const cases: [string, number[]][] = [
        ['equal weights', new Array<number>(10_000).fill(7)],
        ['random weights', Array.from({ length: 10_000 }, () => 1 + Math.floor(random() * 1000))],
        ['the longest round that is laid out', distinct],
      ]
      for (const [label, weights] of cases) {
        const begin = performance.now()
        const picker = new SimulatedPool(weights).picker(strategy)
        const millis = performance.now() - begin
        assert.ok(millis < 500, `${label}: ${millis} ms`)
        const position = picker.pick(fresh)
        assert.ok(position >= 0 && position < weights.length)
      }
    })

    test('uses every one of 10,000 servers', () => {
      const weights = Array.from({ length: 10_000 }, (_, position) => 1 + (position % 2))
      const pool = new SimulatedPool(weights)
      // The tail of the list counts as much as its head: quarters, since single servers get few picks each.
      const counts = tally(pickUnderLoad(pool, pool.picker(strategy), 40_000, 10_000), weights.length)
      assert.equal(counts.indexOf(0), -1)
      const quarters = [0, 1, 2, 3].map((quarter) => sum(counts.slice(quarter * 2500, (quarter + 1) * 2500)))
      assertShares(quarters, [1, 1, 1, 1])
    })
  })
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Every count is within 2 % of its share. */
export function assertShares(counts: readonly number[], weights: readonly number[], label = ''): void {
  weights.forEach((weight, position) => {
    const expected = (sum(counts) * weight) / sum(weights)
    const off = Math.abs(counts[position]! - expected) / expected
    assert.ok(off <= 0.02, `server ${position}: ${counts[position]} in place of ${expected} picks ${label} (${counts})`)
  })
}
