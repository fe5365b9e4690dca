import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { assertShares } from '../../test/seams/shares.ts'
import { fresh, keyed, pickInTurn, SimulatedPool, tally } from '../../test/seams/simulated-pool.ts'
import { seededRandom } from '../base/random.ts'
import type { PickableServers, Picker } from '../seams/strategy.ts'
import { hash } from './hash.ts'
import { ipHash } from './ip-hash.ts'

const KEYS = 20_000
const METHODS = ['ring', 'maglev', 'rendezvous'] as const
type Method = (typeof METHODS)[number]

/** Servers by number: their addresses stay when others come or go. */
function poolOf(numbers: readonly number[], weights: readonly number[] = numbers.map(() => 1)): SimulatedPool {
  const pool = new SimulatedPool(weights)
  pool.address = (position) => `server-${numbers[position]}:80`
  pool.id = (position) => numbers[position]!
  return pool
}

/** The number of the server that each key belongs to. */
function owners(picker: Picker, numbers: readonly number[], keys = KEYS): number[] {
  return Array.from({ length: keys }, (_, index) => numbers[picker.pick(keyed(`key ${index}`))]!)
}

function numbersTo(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number)
}

function moved(before: readonly number[], after: readonly number[]): number {
  return before.filter((owner, index) => owner !== after[index]).length
}

for (const method of METHODS) {
  describe(`hash by ${method}`, () => {
    const pickerOf = (servers: SimulatedPool, options = {}, before: Picker | null = null) =>
      servers.picker(hash, 1, undefined, { method, ...options }, before)

    test('the same key goes to the same server, whatever the order of the list', () => {
      const numbers = numbersTo(20)
      const turned = [...numbers].reverse()
      assert.deepEqual(owners(pickerOf(poolOf(numbers)), numbers), owners(pickerOf(poolOf(turned)), turned))
    })

    test('keys are shared out by weight', () => {
      const weights = [5, 3, 1, 1, 10]
      const numbers = numbersTo(5)
      const picked = owners(pickerOf(poolOf(numbers, weights)), numbers, 200_000)
      // A ring is only as even as it has points.
      assertShares(tally(picked, 5), weights, method, method === 'ring' ? 0.3 : 0.03)
    })

    test('when a server leaves, its keys go to all others, and few or none else move', () => {
      for (const count of [10, 50, 200]) {
        const all = numbersTo(count)
        const rest = all.filter((number) => number !== 3)
        const whole = pickerOf(poolOf(all))
        const before = owners(whole, all)
        const after = owners(pickerOf(poolOf(rest), {}, whole), rest)
        const own = before.filter((owner) => owner === 3).length
        const others = moved(before, after) - own
        assert.ok(others <= spare(method, count, own), `${count} servers: ${own} of its own, ${others} others`)
        const heirs = new Set(after.filter((_, index) => before[index] === 3))
        // In groups most of them stay within that of the server.
        assert.ok(heirs.size >= Math.min(count - 1, own) / 12, `${heirs.size} servers took over`)
      }
    })

    test('when a server is added, hardly more than its share moves, and nearly all of it to the new one', () => {
      for (const count of [10, 50, 200]) {
        const all = numbersTo(count)
        const more = numbersTo(count + 1)
        const former = pickerOf(poolOf(all))
        const before = owners(former, all)
        const after = owners(pickerOf(poolOf(more), {}, former), more)
        const own = after.filter((owner) => owner === count).length
        const others = moved(before, after) - own
        assert.ok(others <= spare(method, count, own), `${count} servers: ${own} to the new one, ${others} others`)
      }
    })

    test('a server that is excluded leaves the other keys alone', () => {
      const numbers = numbersTo(10)
      const picker = pickerOf(poolOf(numbers))
      for (let index = 0; index < 1000; index++) {
        const first = picker.pick(keyed(`key ${index}`))
        const second = picker.pick(keyed(`key ${index}`, first))
        assert.notEqual(second, first)
        assert.equal(picker.pick(keyed(`key ${index}`, second)), first)
      }
    })

    test('a bound is never exceeded, and keys stay where they belong while it is not reached', () => {
      const weights = [1, 2, 3, 4, 5, 5, 4, 3, 2, 1]
      const random = seededRandom(1)
      for (const factor of [1, 1.25, 2]) {
        const pool = poolOf(numbersTo(10), weights)
        const picker = pickerOf(pool, { bounded_load: factor })
        const free = pickerOf(pool)
        const running: number[] = []
        let strayed = 0
        for (let index = 0; index < 20_000; index++) {
          // A few keys make most of the traffic.
          const key = `key ${Math.floor(1000 * random() ** 4)}`
          const position = picker.pick(keyed(key))
          if (position !== free.pick(keyed(key))) strayed++
          const total = running.length + 1
          const most = Math.ceil((factor * total * weights[position]!) / 30)
          assert.ok(pool.loads[position]! < most, `factor ${factor}: ${pool.loads[position]} of ${most}`)
          pool.loads[position]!++
          picker.started?.(position)
          running.push(position)
          if (running.length <= 300) continue
          const [ended] = running.splice(Math.floor(random() * running.length), 1)
          pool.loads[ended!]!--
          picker.finished?.(ended!, { outcome: 0, headMillis: 1, millis: 1, now: 0 })
        }
        assert.ok(strayed > 0 && strayed < (factor === 1 ? 18_000 : 14_000), `factor ${factor}: ${strayed} strayed`)
      }
    })

    test('where the bound leaves only excluded servers it gives way', () => {
      const pool = poolOf(numbersTo(3))
      pool.loads.splice(0, 3, 9, 0, 0)
      assert.equal(pickerOf(pool, { bounded_load: 1 }).pick(keyed('x', 1, 2)), 0)
    })

    test('requests without a key take turns by weight', () => {
      const picker = pickerOf(poolOf(numbersTo(3), [5, 1, 1]))
      assert.deepEqual(pickInTurn(picker, 7).sort(), [0, 0, 0, 0, 0, 1, 2])
    })
  })
}

/** Keys that may move between servers that stay, when one with `own` keys leaves or comes. */
function spare(method: Method, count: number, own: number): number {
  if (method === 'ring') return 0
  // Section 5.3 of the Maglev paper: about as many more, while the table is much larger than the servers are many.
  if (method === 'maglev') return Math.max(2 * own, KEYS / 50)
  return count <= 64 ? 0 : 3 * own + KEYS / 100
}

test('goes over to groups and back only with many servers more or less, so that one server never moves all keys', () => {
  const more = numbersTo(66)
  const less = numbersTo(60)
  const former = poolOf(more).picker(hash)
  const after = poolOf(less).picker(hash, 1, undefined, {}, former)
  assert.ok(moved(owners(former, more), owners(after, less)) < KEYS / 2)
})

test('the ring has the points of libketama, and keys go where its clients look for them', () => {
  // The reference, from the description: sort all points, take the first that is not below the hash of the key.
  const servers = ['10.0.1.1:11211', '10.0.1.2:11211', '10.0.1.3:11211']
  const weights = [600, 300, 200]
  const points: [number, number][] = []
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  servers.forEach((address, position) => {
    const digests = Math.floor((weights[position]! / total) * 40 * servers.length)
    for (let k = 0; k < digests; k++) {
      const digest = createHash('md5').update(`${address}-${k}`).digest()
      for (let part = 0; part < 4; part++) points.push([digest.readUInt32LE(4 * part), position])
    }
  })
  points.sort(([a], [b]) => a - b)
  const pool = new SimulatedPool(weights)
  pool.address = (position) => servers[position]!
  const picker = pool.picker(hash, 1, undefined, { method: 'ring' })
  for (let index = 0; index < 5000; index++) {
    const wanted = createHash('md5').update(`key ${index}`).digest().readUInt32LE(0)
    const [, position] = points.find(([point]) => point >= wanted) ?? points[0]!
    assert.equal(picker.pick(keyed(`key ${index}`)), position, `key ${index}`)
  }
})

test('asks for the key that the option names', () => {
  const asked: string[] = []
  const servers: PickableServers = poolOf([0, 1])
  const exchange = {
    ...fresh,
    key: ({ kind, name }: { kind: string; name: string }) => {
      asked.push(`${kind}:${name}`)
      return ''
    },
  }
  const tools = { random: () => 0, turn: { next: () => 0, get: () => 0, set: () => {} }, probe: () => {} }
  for (const key of ['client_address', 'header:X-User', 'cookie:Session', 'query:id', 'path', 'host']) {
    hash.make(servers, tools, { key }, null).pick(exchange)
  }
  ipHash.make(servers, tools, {}, null).pick(exchange)
  assert.deepEqual(asked, [
    'client_address:',
    'header:x-user',
    'cookie:Session',
    'query:id',
    'path:',
    'host:',
    'client_address:',
  ])
})
