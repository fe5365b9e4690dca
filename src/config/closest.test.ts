import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closest, suggest } from './closest.ts'

const KNOWN = ['port', 'strategy', 'health_check_interval_seconds', 'least_active', 'round_robin', 'off', 'warn']

test('finds the word that was meant: a letter wrong, missing, too many or swapped, another case or separator', () => {
  const meant: Record<string, string> = {
    prot: 'port',
    ports: 'port',
    por: 'port',
    strtegy: 'strategy',
    leastactive: 'least_active',
    'Least-Active': 'least_active',
    roundRobin: 'round_robin',
    healthCheckIntervalSecond: 'health_check_interval_seconds',
    health_check_interval: 'health_check_interval_seconds',
    warning: 'warn',
    of: 'off',
  }
  for (const [word, known] of Object.entries(meant)) assert.equal(closest(word, KNOWN), known, word)
})

test('suggests nothing when nothing is close', () => {
  for (const word of ['', 'x', 'upstream', 'pqrs', 'a'.repeat(100_000)]) assert.equal(closest(word, KNOWN), null, word)
  assert.equal(closest('port', []), null)
})

test('names what is known when nothing is close', () => {
  assert.equal(suggest('prot', ['port']), 'did you mean "port"?')
  assert.equal(suggest('x', ['a_long_one', 'another']), 'known are "a_long_one", "another"')
  assert.equal(suggest('xyz', ['port']), 'known is "port"')
  assert.equal(suggest('x', []), '')
})
