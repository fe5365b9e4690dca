import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtInScenarios } from './built-in-scenarios.ts'
import { scaleServers } from './scale-servers.ts'

const counts = (name: string, servers: number): number[] =>
  scaleServers(builtInScenarios[name]!, servers).servers.map(({ count }) => count)

test('groups keep their proportions and add up', () => {
  assert.deepEqual(counts('one-slow', 1000), [100, 900])
  assert.deepEqual(counts('capacities', 9), [3, 3, 3])
  assert.deepEqual(counts('capacities', 10), [3, 4, 3])
  assert.deepEqual(counts('equal', 1), [1])
})

test('a fault of one server in ten is one of a hundred in a thousand, and of at least one', () => {
  const faulty = (servers: number): readonly number[] =>
    scaleServers(builtInScenarios['brown-out']!, servers).faults[0]!.servers
  assert.deepEqual(
    faulty(1000),
    Array.from({ length: 100 }, (_, index) => index + 1),
  )
  assert.deepEqual(faulty(3), [1])
})
