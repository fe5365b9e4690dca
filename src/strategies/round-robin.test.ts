import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fresh, pickInTurn, SimulatedPool, SimulatedTurn, tally, tried } from '../../test/seams/simulated-pool.ts'
import { seededRandom } from '../base/random.ts'
import { roundRobin } from './round-robin.ts'

test('servers of equal weight take turns in the order of the config', () => {
  assert.deepEqual(pickInTurn(new SimulatedPool([4, 4, 4]).picker(roundRobin), 7), [0, 1, 2, 0, 1, 2, 0])
})

test('a server of greater weight gets no bursts', () => {
  const picks = pickInTurn(new SimulatedPool([5, 1, 1]).picker(roundRobin), 14)
  assert.equal(picks.map((position) => 'abc'[position]).join(''), 'aabacaaaabacaa')
})

test('the load does not matter', () => {
  assert.deepEqual(pickInTurn(new SimulatedPool([1, 1], [1000, 0]).picker(roundRobin), 4), [0, 1, 0, 1])
})

test('turns are taken over all workers together', () => {
  const pool = new SimulatedPool([1, 1, 1])
  const turn = new SimulatedTurn()
  const one = pool.picker(roundRobin, 1, turn)
  const other = pool.picker(roundRobin, 2, turn)
  assert.deepEqual(
    [one, other, other, one, other, one].map((picker) => picker.pick(fresh)),
    [0, 1, 2, 0, 1, 2],
  )
})

test('a tried server is passed over and gives up its turn', () => {
  const picker = new SimulatedPool([1, 1, 1]).picker(roundRobin)
  assert.equal(picker.pick(tried(0)), 1)
  assert.equal(picker.pick(fresh), 2)
  assert.equal(picker.pick(fresh), 0)
})

test('the neighbour of a failing server gets no more than the others', () => {
  const counts = [0, 0, 0, 0]
  const picker = new SimulatedPool([1, 1, 1, 1]).picker(roundRobin)
  for (let exchange = 0; exchange < 3000; exchange++) {
    let position = picker.pick(fresh)
    if (position === 0) position = picker.pick(tried(0))
    counts[position]!++
  }
  assert.deepEqual(counts, [0, 1000, 1000, 1000])
})

test('a server is found even if other workers take all turns in between', () => {
  const turn = new SimulatedTurn()
  const racing = {
    next: () => {
      turn.next()
      return turn.next()
    },
    get: () => turn.get(),
    set: (value: number) => turn.set(value),
  }
  // This worker only ever sees odd steps, which are those of server 1.
  const picker = new SimulatedPool([1, 1]).picker(roundRobin, 1, racing)
  assert.equal(picker.pick(fresh), 1)
  assert.equal(picker.pick(tried(1)), 0)
})

test('when a server leaves or returns nobody waits for two rounds and nobody gets a burst', () => {
  const all = [0, 1, 2, 3, 4]
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed)
    const turn = new SimulatedTurn(Math.floor(random() * 1000))
    const gone = Math.floor(random() * 5)
    const rest = all.filter((server) => server !== gone)
    const picks: number[] = []
    for (const up of [all, rest, all]) {
      const picker = new SimulatedPool(up.map(() => 1)).picker(roundRobin, seed, turn)
      picks.push(...pickInTurn(picker, 20 + Math.floor(random() * 20)).map((position) => up[position]!))
    }
    for (const server of rest) {
      const turns = picks.flatMap((picked, index) => (picked === server ? [index] : []))
      for (let i = 1; i < turns.length; i++) {
        const wait = turns[i]! - turns[i - 1]!
        assert.ok(wait <= 5 + 4, `seed ${seed}: server ${server} waited for ${wait} picks: ${picks}`)
      }
    }
    for (let i = 0; i + 8 <= picks.length; i++) {
      // Two rounds of four: three turns of the same server there would be a burst on it.
      const most = Math.max(...tally(picks.slice(i, i + 8), 5))
      assert.ok(most <= 3, `seed ${seed}: ${most} picks of one server among ${picks.slice(i, i + 8)}`)
    }
  }
})
