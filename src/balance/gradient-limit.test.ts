// The adaptive limit before simulated servers: so many places, in which requests are served one after the other; a request that
// finds none waits there, as in a server that is overloaded.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../base/random.ts'
import { GradientLimit, TICK_MS } from './gradient-limit.ts'

interface Conditions {
  /** Requests that are served at a time. */
  places: number
  /** Mean time for one, in milliseconds. */
  service: number
  /** Requests that come in a second, at random. */
  rate: number
}

interface Seen {
  /** Per second. */
  answered: number
  refused: number
  /** Median, in milliseconds. */
  latency: number
  limit: number
}

/** How a time is drawn around its mean. */
type Shape = (mean: number, random: () => number) => number

const SHAPES: Record<string, Shape> = {
  constant: (mean) => mean,
  exponential: (mean, random) => -mean * Math.log(1 - random()),
  /** Most are quick, one in twenty takes ten times as long. */
  'two kinds': (mean, random) => (random() < 0.05 ? 10 : 1) * (mean / 1.45) * (0.5 + random()),
}

class World {
  readonly limit: GradientLimit
  private readonly random: () => number
  private readonly shape: Shape
  private now = 0
  private arrival = 0
  private tick = TICK_MS
  private active = 0
  /** When each one that is being served ends and when it began, sorted by the end; and those that wait at the server. */
  private readonly served: { end: number; began: number }[] = []
  private readonly queue: number[] = []
  private latencies: number[] = []

  constructor(seed: number, shape: Shape) {
    this.random = seededRandom(seed)
    this.shape = shape
    this.limit = new GradientLimit(10_000, this.random)
  }

  /** Lets time pass; tells what was seen in the last half of it. */
  pass(seconds: number, conditions: Conditions): Seen {
    const begin = this.now
    const end = begin + seconds * 1000
    const half = begin + seconds * 500
    const latencies: number[] = []
    let refused = 0
    for (;;) {
      const next = Math.min(this.arrival, this.tick, this.served[0]?.end ?? Number.POSITIVE_INFINITY)
      if (next > end) break
      this.now = next
      if (next === this.tick) {
        this.limit.look(next, this.latencies, this.active)
        this.latencies = []
        this.tick += TICK_MS
      } else if (next === this.arrival) {
        this.arrival += -(1000 / conditions.rate) * Math.log(1 - this.random())
        if (this.active < this.limit.limit) {
          this.active++
          this.queue.push(next)
        } else if (next > half) refused++
      } else {
        const { began } = this.served.shift()!
        this.active--
        this.latencies.push(next - began)
        if (next > half) latencies.push(next - began)
      }
      this.serve(conditions)
    }
    this.now = end
    latencies.sort((a, b) => a - b)
    const persecond = (count: number) => count / (seconds / 2)
    return {
      answered: persecond(latencies.length),
      refused: persecond(refused),
      latency: latencies[latencies.length >> 1] ?? 0,
      limit: this.limit.limit,
    }
  }

  private serve({ places, service }: Conditions): void {
    while (this.queue.length > 0 && this.served.length < places) {
      const one = { end: this.now + this.shape(service, this.random), began: this.queue.shift()! }
      let at = this.served.length
      while (at > 0 && this.served[at - 1]!.end > one.end) at--
      this.served.splice(at, 0, one)
    }
  }
}

function capacity({ places, service }: Conditions): number {
  return (places * 1000) / service
}

/** At twice the load that the servers can bear: they have nearly all the work that they can do, and nobody waits long. */
function assertGood(seen: Seen, conditions: Conditions, when: string): number {
  const share = seen.answered / capacity(conditions)
  const told = `${when}: ${JSON.stringify(seen)}`
  // Some of it is lost while the baseline is measured.
  assert.ok(share > 0.75, `${told} is ${share} of the capacity`)
  // Without a limit all would wait without end.
  assert.ok(seen.latency < 2 * conditions.service, told)
  return share
}

for (const [name, shape] of Object.entries(SHAPES)) {
  test(`the limit finds what servers can bear, and follows when that changes (times: ${name})`, () => {
    const shares: number[] = []
    for (let seed = 1; seed <= 3; seed++) {
      const world = new World(seed, shape)
      const usual = { places: 20, service: 20, rate: 2000 }
      const all: [string, Conditions][] = [
        ['at first', usual],
        ['with half of the places', { ...usual, places: 10 }],
        ['with all places again', usual],
        ['with servers that are slower', { ...usual, service: 40 }],
        ['with servers that are quick again', usual],
      ]
      for (const [when, conditions] of all) {
        shares.push(assertGood(world.pass(70, conditions), conditions, `seed ${seed}, ${when}`))
      }
    }
    const mean = shares.reduce((sum, share) => sum + share) / shares.length
    assert.ok(mean > 0.93, `${mean} of the capacity`)
  })
}

test('many places and few are found', () => {
  for (const places of [4, 100, 400]) {
    const conditions = { places, service: 50, rate: 40 * places }
    assertGood(new World(1, SHAPES.exponential!).pass(60, conditions), conditions, `${places} places`)
  }
})

test('a burst of a hundred times the load is over as soon as it is over', () => {
  const usual = { places: 20, service: 20, rate: 500 }
  const world = new World(1, SHAPES.exponential!)
  assert.equal(world.pass(20, usual).refused, 0)
  const burst = { ...usual, rate: 50_000 }
  assertGood(world.pass(20, burst), burst, 'in the burst')
  const after = world.pass(20, usual)
  assert.ok(after.refused < 5, JSON.stringify(after))
  assert.ok(after.latency < 20, JSON.stringify(after))
})

test('a brown-out of some seconds is got over', () => {
  const usual = { places: 20, service: 20, rate: 700 }
  const world = new World(1, SHAPES.exponential!)
  world.pass(20, usual)
  world.pass(5, { ...usual, service: 400 })
  const after = world.pass(20, usual)
  assert.ok(after.answered > 0.97 * usual.rate, JSON.stringify(after))
})

test('without pressure the limit stays as it is, and lets everybody in', () => {
  const world = new World(1, SHAPES.exponential!)
  const idle = world.pass(60, { places: 20, service: 20, rate: 100 })
  assert.equal(idle.refused, 0)
  assert.equal(idle.limit, 20)
})

test('the limit is never below 4 nor above its bound', () => {
  const limit = new GradientLimit(10, () => 0.5)
  assert.equal(limit.limit, 10)
  const look = (from: number, latency: number) => {
    for (let tick = 0; tick < 200; tick++) {
      limit.look((from + tick) * TICK_MS, new Array(30).fill(latency), limit.limit)
      assert.ok(limit.limit >= 4 && limit.limit <= 10, `${limit.limit}`)
    }
  }
  look(0, 10)
  assert.equal(limit.limit, 10)
  look(200, 1000)
  limit.setMost(2)
  assert.equal(limit.limit, 2)
})
