// What every strategy promises, whatever it goes by. Runs over each registered one (strategies.test.ts).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../src/base/random.ts'
import { NONE, OUTCOME, type PickExchange, type Picker, type Strategy } from '../../src/seams/strategy.ts'
import { assertShares, sum } from './shares.ts'
import { fresh, pickInTurn, pickUnderLoad, SimulatedPool, SimulatedTurn, tally, tried } from './simulated-pool.ts'
import { simulateTraffic } from './simulated-traffic.ts'

const EQUAL = [1, 1, 1]
const WEIGHTED = [5, 1, 1]
const MIXED = [10, 7, 7, 3, 1, 1]

export interface Traits {
  /** It draws at random: shares show over more picks, and by load only where a whole exchange is little. */
  readonly draws?: boolean
  /** Weights mean nothing to it, nor does fairness. */
  readonly unweighted?: boolean
  /** It looks at every server for each pick, and is not for many. */
  readonly walks?: boolean
  /** Failures make it choose a server less often. */
  readonly distrusts?: boolean
}

export function testStrategy(name: string, strategy: Strategy, traits: Traits = {}): void {
  const { draws = false, unweighted = false, walks = false, distrusts = false } = traits
  // With draws a server of weight 1 gets 35,000 picks, whatever the others weigh: 2 % are nearly four deviations.
  const picksForShares = (weights: readonly number[]) => (draws ? 35_000 * sum(weights) : 100_000)
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

    test('never picks a server that is full while another is not', () => {
      const limits = [3, 1, 8, 2]
      const pool = new SimulatedPool([2, 1, 5, 1])
      const picker = pool.picker(strategy)
      const random = seededRandom(1)
      const running: number[] = []
      const exchange = { ...fresh, excludes: (position: number) => pool.loads[position]! >= limits[position]! }
      for (let i = 0; i < 5000; i++) {
        const position = picker.pick(exchange)
        if (running.length === sum(limits)) assert.equal(position, NONE)
        else {
          assert.ok(pool.loads[position]! < limits[position]!, `server ${position} is full: ${pool.loads}`)
          pool.loads[position]!++
          picker.started?.(position)
          running.push(position)
        }
        while (running.length > 0 && random() < 0.5) {
          const [ended] = running.splice(Math.floor(random() * running.length), 1)
          pool.loads[ended!]!--
          picker.finished?.(ended!, { outcome: OUTCOME.ok, headMillis: 1, millis: 1, now: 0 })
        }
      }
    })

    for (const weights of unweighted ? [] : [EQUAL, WEIGHTED, MIXED]) {
      test(`keeps to the weights ${weights} while servers are idle`, () => {
        const picks = pickInTurn(new SimulatedPool(weights).picker(strategy), picksForShares(weights))
        assertShares(tally(picks, weights.length), weights)
      })

      test(`keeps to the weights ${weights} under load`, () => {
        const pool = new SimulatedPool(weights)
        const inFlight = (draws ? 100 : 4) * sum(weights)
        const picks = pickUnderLoad(pool, pool.picker(strategy), picksForShares(weights), inFlight)
        assertShares(tally(picks, weights.length), weights)
      })
    }

    test('only the ratios of weights count', () => {
      const scaled = (scale: number) => {
        const pool = new SimulatedPool(MIXED.map((weight) => weight * scale))
        return pickUnderLoad(pool, pool.picker(strategy), 500, 40)
      }
      assert.deepEqual(scaled(1000), scaled(1))
    })

    test('keeps to the weights when workers share the turn', { skip: unweighted }, () => {
      const pool = new SimulatedPool(MIXED)
      const turn = new SimulatedTurn()
      const workers = [1, 2, 3].map((seed) => pool.picker(strategy, seed, turn))
      const random = seededRandom(1)
      const picks = Array.from({ length: picksForShares(MIXED) }, () => workers[Math.floor(random() * 3)]!.pick(fresh))
      assertShares(tally(picks, MIXED.length), MIXED)
    })

    test('keeps to the weights while the turn wraps around', { skip: unweighted }, () => {
      for (const start of [2 ** 31 - 5000, -5000]) {
        const picker = new SimulatedPool(WEIGHTED).picker(strategy, 1, new SimulatedTurn(start))
        assertShares(tally(pickInTurn(picker, 100_000), WEIGHTED.length), WEIGHTED)
      }
    })

    test('stays fair while servers leave and return', { skip: unweighted }, () => {
      for (const seed of [1, 2, 3]) {
        const random = seededRandom(seed)
        const turn = new SimulatedTurn()
        const expected = [0, 0, 0, 0, 0]
        const counts = [0, 0, 0, 0, 0]
        for (let change = 0; change < (draws ? 500 : 2000); change++) {
          const up = [0, 1, 2, 3, 4].filter(() => random() < 0.7)
          if (up.length === 0) continue
          const picks = Math.floor(random() * (draws ? 1000 : 100))
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
        // The time of this process, which other processes do not make longer.
        const begin = process.cpuUsage()
        const picker = new SimulatedPool(weights).picker(strategy)
        const { user, system } = process.cpuUsage(begin)
        assert.ok(user + system < 900_000, `${label}: ${(user + system) / 1000} ms`)
        const position = picker.pick(fresh)
        assert.ok(position >= 0 && position < weights.length)
      }
    })

    test('uses every one of 10,000 servers', { skip: unweighted }, () => {
      const weights = Array.from({ length: 10_000 }, (_, position) => 1 + (position % 2))
      const pool = new SimulatedPool(weights)
      // The tail of the list counts as much as its head: quarters, since single servers get few picks each.
      const rounds = draws ? 20 : 3
      const counts = tally(pickUnderLoad(pool, pool.picker(strategy), rounds * 15_000, 10_000), weights.length)
      assert.equal(counts.indexOf(0), -1)
      const quarters = [0, 1, 2, 3].map((quarter) => sum(counts.slice(quarter * 2500, (quarter + 1) * 2500)))
      assertShares(quarters, [1, 1, 1, 1])
    })

    test('no pick looks at each of 10,000 servers', { skip: walks }, () => {
      const pool = new SimulatedPool(Array.from({ length: 10_000 }, (_, position) => 1 + (position % 3)))
      const random = seededRandom(1)
      const picker = pool.picker(strategy)
      let asked = 0
      const exchange: PickExchange = {
        now: 0,
        excludes: (position) => {
          asked++
          return pool.loads[position]! >= 3
        },
        key: () => String(random()),
      }
      pool.reads = 0
      const looks: number[] = []
      // A third of all places taken, the oldest given back.
      const running: number[] = []
      for (let i = 0; i < 30_000; i++) {
        if (running.length > 10_000) {
          const ended = running[i - 10_001]!
          pool.loads[ended]!--
          picker.finished?.(ended, { outcome: OUTCOME.ok, headMillis: 1, millis: 1, now: 0 })
        }
        const before = asked + pool.reads
        const position = picker.pick(exchange)
        looks.push(asked + pool.reads - before)
        pool.loads[position]!++
        picker.started?.(position)
        running.push(position)
      }
      const most = looks.reduce((a, b) => Math.max(a, b))
      assert.ok(most <= 500, `${most} looks for one pick`)
    })

    test('goes on while servers leave, return and change places', () => {
      const random = seededRandom(1)
      const all = MIXED.map((weight, id) => ({ id, weight }))
      let picker: Picker | null = null
      for (let change = 0; change < 200; change++) {
        const up = all.filter(() => random() < 0.6).sort(() => random() - 0.5)
        if (up.length === 0) continue
        const pool = new SimulatedPool(up.map(({ weight }) => weight))
        pool.id = (position) => up[position]!.id
        picker = pool.picker(strategy, 1, new SimulatedTurn(change), {}, picker)
        for (let i = 0; i < 20; i++) {
          const now = change * 1000 + i
          const position = picker.pick({ ...fresh, now })
          assert.ok(position >= 0 && position < up.length, `${position} of ${up.length}`)
          const outcome = random() < 0.8 ? OUTCOME.ok : OUTCOME.failed
          picker.finished?.(position, { outcome, headMillis: 10 * random(), millis: 20 * random(), now })
        }
      }
    })

    test('a server that fails at once does not draw more traffic', { skip: unweighted }, () => {
      const { picks, failures } = simulateTraffic({ strategy, weights: new Array<number>(10).fill(1), failing: [3] })
      const share = failures / picks
      // A tenth is its share. Looking at load or latency alone would give it nearly all.
      assert.ok(share < (distrusts ? 0.03 : 0.12), `${failures} of ${picks} picks`)
    })
  })
}
