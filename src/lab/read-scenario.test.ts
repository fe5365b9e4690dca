import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { formatProblems } from '../config/problem.ts'
import { BASE_SCENARIO, BASE_SERVER, builtInScenarios } from './built-in-scenarios.ts'
import { readScenario } from './read-scenario.ts'
import type { Scenario } from './scenario.ts'

function valid(text: string): Scenario {
  const result = readScenario(text)
  assert.ok(result.ok, result.ok ? '' : formatProblems('', result.problems))
  return result.own.scenario
}

function problems(text: string): string[] {
  const result = readScenario(text)
  assert.ok(!result.ok, 'it is valid')
  return formatProblems('own.json', result.problems).split('\n')
}

test('an empty scenario is that of equal servers', () => {
  assert.deepEqual(valid('{}'), BASE_SCENARIO)
})

test('a scenario may be like a built-in one, but for what it says', () => {
  const scenario = valid('{ "like": "brown-out", "load": 0.5, "seed": 7 }')
  assert.deepEqual(scenario, { ...builtInScenarios['brown-out'], load: 0.5, seed: 7 })
})

test('everything can be said', () => {
  const scenario = valid(`{
    // a comment
    "name": "own", "summary": "All of it.", "load": 0.8, "balancers": 3, "subset": 5, "network": "250us",
    "servers": [
      { "count": 4, "slots": 8, "speed": 2, "heeds_cancel": true, "weight": 3, "max_active": 9, "priority": 1, "zone": "a" },
      { "count": 2, "backup": true }
    ],
    "service": { "distribution": "bimodal", "mean": "5ms", "share": "5%", "factor": 20 },
    "arrivals": { "kind": "bursts", "factor": 4, "length": "2s", "share": 0.2 },
    "keys": { "count": 100, "skew": 1.2 },
    "faults": [{ "kind": "errors", "servers": [2, 6], "at": "3s", "for": "1.5s", "share": 0.5, "fails_checks": true }],
    "requests": 1000, "warm_up": "20%", "seed": 4,
    "upstream": { "retries": { "attempts": 1 }, "health_check": "off" },
    "strategies": ["round_robin", { "name": "two_choices" }],
  }`)
  assert.deepEqual(scenario.servers, [
    { count: 4, slots: 8, speed: 2, heedsCancel: true, weight: 3, maxActive: 9, priority: 1, backup: false, zone: 'a' },
    { ...BASE_SERVER, count: 2, backup: true },
  ])
  assert.deepEqual(scenario.service, { kind: 'bimodal', mean: 5, share: 0.05, factor: 20 })
  assert.deepEqual(scenario.arrivals, { kind: 'bursts', factor: 4, length: 2000, share: 0.2 })
  assert.deepEqual([scenario.network, scenario.warmUp, scenario.subset], [0.25, 0.2, 5])
  const { kind, servers, at, length, share, failsChecks } = scenario.faults[0]!
  assert.deepEqual([kind, servers, at, length, share, failsChecks], ['errors', [2, 6], 3000, 1500, 0.5, true])
  assert.deepEqual(scenario.upstream, { retries: { attempts: 1 }, health_check: 'off' })
})

test('all problems are told at once, each with its place and what to write', () => {
  assert.deepEqual(
    problems(`{
  "like": "brownout",
  "servers": [{ "count": 0, "spead": 2 }],
  "service": { "distribution": "exponentail", "mean": "5 ms" },
  "faults": [{ "kind": "slow", "servers": [99] }],
  "upstream": { "retries": { "attempts": 99 } },
  "strategies": ["round_robin", "leastactive"],
  "lod": 0.7
}`),
    [
      'own.json:2:11  like: there is no scenario "brownout"',
      '    did you mean "brown-out"?',
      'own.json:3:26  servers[0].count: expected a whole number from 1 to 100000, got the number 0',
      'own.json:3:29  servers[0].spead: unknown key',
      '    did you mean "speed"?',
      'own.json:4:32  service.distribution: unknown word "exponentail"',
      '    did you mean "exponential"?',
      'own.json:4:55  service.mean: expected a duration such as "250us", "10ms" or "5s", got the string "5 ms"',
      'own.json:5:44  faults[0].servers[0]: expected the number of a server, from 1 to 1',
      'own.json:6:42  upstream.retries.attempts: 99 is not from 0 to 10',
      'own.json:7:33  strategies[1]: unknown strategy "leastactive"',
      '    did you mean "least_active"?',
      'own.json:8:3  lod: unknown key',
      '    did you mean "load"?',
    ],
  )
})

test('broken syntax and other kinds of values are told, too', () => {
  assert.match(problems('{ "load": 0.7')[0]!, /^own\.json:1:14 {2}a "}" is missing/)
  assert.match(problems('[1]')[0]!, /^own\.json:1:1 {2}expected an object, got a list/)
  assert.match(problems('{ "servers": "ten" }')[0]!, /servers: expected a list, got the string "ten"/)
  assert.match(problems('{ "upstream": 5 }')[0]!, /upstream: expected an object, got the number 5/)
  assert.match(problems('{ "upstream": { "strategy": "random" } }')[0]!, /upstream\.strategy: unknown key/)
})

test('the scenario in docs/laboratory.md is valid', () => {
  const page = readFileSync(new URL('../../docs/laboratory.md', import.meta.url), 'utf8')
  const examples = [...page.matchAll(/```jsonc\n([^`]*)```/g)].map((match) => match[1]!)
  assert.ok(examples.length > 0)
  for (const example of examples) valid(example)
})

test('the scenarios in examples/laboratory are valid', () => {
  const folder = new URL('../../examples/laboratory/', import.meta.url)
  const names = readdirSync(folder)
  assert.ok(names.length > 0)
  for (const name of names) valid(readFileSync(new URL(name, folder), 'utf8'))
})
