// The simulator against what queueing theory says, where it says it exactly. Service is exponential with a mean of 1 ms,
// arrivals are Poisson, the network takes no time. Seeds are fixed, so a run always comes to the same; the tolerances
// are three to four deviations of what so many requests can come to by chance.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BASE_SCENARIO, BASE_SERVER } from '../../src/lab/built-in-scenarios.ts'
import type { Result } from '../../src/lab/result.ts'
import type { Scenario, StrategyChoice } from '../../src/lab/scenario.ts'
import { simulate } from '../../src/lab/simulation.ts'

interface Queue {
  servers: number
  slots: number
  load: number
  requests: number
}

function run({ servers, slots, load, requests }: Queue, strategy: StrategyChoice): Result {
  const scenario: Scenario = {
    ...BASE_SCENARIO,
    servers: [{ ...BASE_SERVER, count: servers, slots }],
    service: { kind: 'exponential', mean: 1 },
    load,
    network: 0,
    requests,
    keys: { count: 1, skew: 0 },
    upstream: { health_check: 'off' },
  }
  return simulate(scenario, strategy)
}

function assertNear(found: number, expected: number, tolerance: number, what: string): void {
  const difference = Math.abs(found / expected - 1)
  assert.ok(
    difference < tolerance,
    `${what}: ${found}, and ${expected} in theory: ${(difference * 100).toFixed(2)} % off`,
  )
}

test('M/M/1: the time in the system is exponential with mean 1 / (1 - load)', () => {
  for (const load of [0.5, 0.7, 0.8]) {
    const requests = 600_000
    const { mean, p50, p99 } = run({ servers: 1, slots: 1, load, requests }, 'round_robin')
    const expected = 1 / (1 - load)
    // Waits in a row depend on each other: the sum of all their covariances is ρ(2 + 5ρ - 4ρ² + ρ³) / (1 - ρ)⁴ (Daley 1968).
    const covariances = (load * (2 + 5 * load - 4 * load ** 2 + load ** 3)) / (1 - load) ** 4
    const deviation = Math.sqrt((covariances + 1) / (requests * 0.9)) / expected
    assertNear(mean, expected, 4 * deviation, `mean at load ${load}`)
    // The tail is seen by a hundredth of the requests, in fewer busy periods: some three times as uncertain.
    assertNear(p50, expected * Math.log(2), 4 * deviation, `median at load ${load}`)
    assertNear(p99, expected * Math.log(100), 12 * deviation, `p99 at load ${load}`)
  }
})

test('M/M/1: who comes finds so many others as the geometric distribution says', () => {
  const { found } = run({ servers: 1, slots: 1, load: 0.7, requests: 600_000 }, 'round_robin')
  for (const others of [0, 1, 2, 5]) assertNear(found[others]!, 0.3 * 0.7 ** others, 0.03, `${others} others`)
})

/** The share that has to wait in M/M/k. */
function erlangC(slots: number, load: number): number {
  const offered = slots * load
  // Erlang B by its recursion, which does not overflow.
  let blocked = 1
  for (let k = 1; k <= slots; k++) blocked = (offered * blocked) / (k + offered * blocked)
  return blocked / (1 - load * (1 - blocked))
}

test('M/M/k: the mean and the share that waits are those of Erlang C', () => {
  for (const { slots, load } of [
    { slots: 2, load: 0.7 },
    { slots: 4, load: 0.8 },
    { slots: 16, load: 0.9 },
  ]) {
    const { mean, found } = run({ servers: 1, slots, load, requests: 600_000 }, 'least_active')
    const waits = erlangC(slots, load)
    assertNear(mean, 1 + waits / (slots * (1 - load)), 0.02, `mean of ${slots} slots at load ${load}`)
    const didWait = found.slice(slots).reduce((sum, share) => sum + share, 0)
    assertNear(didWait, waits, 0.03, `waits for ${slots} slots at load ${load}`)
  }
})

test('round robin over n servers is E_n/M/1 at each of them, and so shorter than M/M/1', () => {
  for (const { servers, load } of [
    { servers: 2, load: 0.8 },
    { servers: 10, load: 0.8 },
    { servers: 10, load: 0.9 },
  ]) {
    const { mean } = run({ servers, slots: 1, load, requests: 600_000 }, 'round_robin')
    // σ is the root below 1 of σ = (nλ / (nλ + 1 - σ))ⁿ; the time in the system is exponential with mean 1 / (1 - σ).
    let sigma = 0.5
    for (let step = 0; step < 10_000; step++) sigma = ((servers * load) / (servers * load + 1 - sigma)) ** servers
    assertNear(mean, 1 / (1 - sigma), 0.02, `${servers} servers at load ${load}`)
    assert.ok(mean < 1 / (1 - load))
  }
})

test('random over n servers is M/M/1 at each of them', () => {
  const { mean, p99 } = run({ servers: 10, slots: 1, load: 0.8, requests: 600_000 }, 'random')
  assertNear(mean, 5, 0.03, 'mean')
  assertNear(p99, 5 * Math.log(100), 0.06, 'p99')
})

test('two choices over many servers: queues are as short as Mitzenmacher found', () => {
  const [load, servers, requests] = [0.9, 500, 1_200_000]
  const { mean, found } = run({ servers, slots: 1, load, requests }, 'two_choices')
  // A share λ^(2^i - 1) of the servers has at least i; by Little's law the mean time is their sum over λ.
  const atLeast = (count: number): number => load ** (2 ** count - 1)
  const present = [1, 2, 3, 4, 5, 6, 7].reduce((sum, count) => sum + atLeast(count), 0)
  // With n servers instead of infinitely many it is off by some 1 / n; chance leaves less than 1 %.
  assertNear(mean, present / load, 0.02, 'mean')
  // The one that is chosen has at least i when both have: λ^(2^(i + 1) - 2). So many requests come to a load that is off
  // by √(2 / requests), and so often is the power off by as much.
  for (const count of [1, 2, 3]) {
    const share = found.slice(count).reduce((sum, part) => sum + part, 0)
    const tolerance = 4 * (2 ** (count + 1) - 2) * Math.sqrt(2 / requests) + 1 / servers
    assertNear(share, atLeast(count) ** 2, tolerance, `share that finds ${count} or more`)
  }
})

test('a central queue is the least there can be, and the order of the strategies is as expected', () => {
  const queue = { servers: 20, slots: 1, load: 0.9, requests: 200_000 }
  const central = run({ ...queue, servers: 1, slots: 20 }, 'round_robin').mean
  const [active, choices, turns, random] = (['least_active', 'two_choices', 'round_robin', 'random'] as const).map(
    (strategy) => run(queue, strategy).mean,
  ) as [number, number, number, number]
  assert.ok(
    central < active && active < choices && choices < turns && turns < random,
    `${[central, active, choices, turns, random]}`,
  )
})
