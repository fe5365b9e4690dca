// What a simulation promises whatever the strategy, and that the product's code is at work in it: retries, health checks,
// limits, levels. Everything is seeded, so every run comes to the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BASE_FAULT, BASE_SCENARIO, BASE_SERVER, builtInScenarios } from '../../src/lab/built-in-scenarios.ts'
import { recordingOf } from '../../src/lab/replay.ts'
import type { Result } from '../../src/lab/result.ts'
import type { Fault, Scenario, StrategyChoice, UpstreamKeys } from '../../src/lab/scenario.ts'
import { simulate } from '../../src/lab/simulation.ts'
import { registry } from '../../src/registry.ts'

const STRATEGIES = Object.keys(registry.strategies) as StrategyChoice[]

function run(changes: Partial<Scenario>, strategy: StrategyChoice = 'round_robin'): Result {
  return simulate({ ...BASE_SCENARIO, requests: 20_000, ...changes }, strategy)
}

/** From 2 s after the warm-up on, unless `changes` says otherwise; a run of 20,000 requests lasts 14 s. */
function fault(kind: Fault['kind'], changes: Partial<Fault> = {}): Partial<Scenario> {
  return { faults: [{ ...BASE_FAULT, kind, at: 2000, ...changes }] }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

test('a seed repeats a run to the letter, another one gives another', () => {
  for (const strategy of STRATEGIES) {
    const results = [1, 1, 2].map((seed) =>
      run({ ...fault('down', { length: 3000 }), requests: 8000, balancers: 3, seed }, strategy),
    )
    assert.deepEqual(results[0], results[1])
    assert.notDeepEqual(results[0], results[2])
  }
})

test('every request is counted once, whatever happens', () => {
  for (const scenario of Object.values(builtInScenarios)) {
    for (const strategy of STRATEGIES) {
      const result = simulate({ ...scenario, requests: 4000, warmUp: 0 }, strategy)
      assert.equal(result.exchanges, 4000, `${scenario.name} ${strategy}`)
      assert.equal(sum(Object.values(result.failures)), result.failed)
      assert.equal(sum(result.series.map(({ exchanges }) => exchanges)), 4000)
      const attempts = sum(result.servers.map((server) => server.attempts))
      assert.ok(attempts <= 4000 + result.retries && attempts + result.failed >= 4000, `${scenario.name} ${strategy}`)
    }
  }
})

test('every strategy meets the same requests', () => {
  const recorded = STRATEGIES.map((strategy) =>
    run({ requests: 5000, servers: [{ ...BASE_SERVER, count: 1, slots: 10_000 }] }, strategy),
  )
  for (const { mean, p99, max } of recorded) {
    assert.deepEqual([mean, p99, max], [recorded[0]!.mean, recorded[0]!.p99, recorded[0]!.max])
  }
})

test('the warm-up does not count', () => {
  const { exchanges } = run({ warmUp: 0.5 })
  assert.ok(Math.abs(exchanges / 10_000 - 1) < 0.05, `${exchanges}`)
})

test('the network is passed twice', () => {
  const quiet = { load: 0.01, service: { kind: 'fixed', mean: 10 }, requests: 1000 } as const
  const { max } = run({ ...quiet, network: 2.5 })
  assert.ok(Math.abs(max - 15) < 1e-6, `${max}`)
})

test('no request fails when a server goes down, for others are asked, and it is left alone until it is back', () => {
  const result = run({ ...fault('down', { length: 6000 }), upstream: { outlier_detection: 'off' } })
  assert.equal(result.failed, 0)
  assert.ok(result.retries >= 3, 'connect failures take it down after three, and what it had is tried again')
  assert.ok(result.retries < 20, `${result.retries}`)
  // Six of some thirteen seconds, and up to five more until a check finds it.
  const [down, ...others] = result.servers
  assert.ok(others.every(({ relative }) => relative > 1))
  assert.ok(down!.relative > 0.2 && down!.relative < 0.6, `${down!.relative}`)
})

test('without retries the requests to a server that goes down fail', () => {
  const { failures } = run({ ...fault('down'), upstream: { retries: { attempts: 0 }, outlier_detection: 'off' } })
  assert.equal(failures.connect_refused, 3)
  assert.ok(failures.closed_before_response! >= 1)
})

test("the retry budget is the product's", () => {
  const faults = [{ ...BASE_FAULT, kind: 'down', servers: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], at: 2000 }] as const
  const upstream = {
    passive_health: { connect_failures: 0 },
    health_check: 'off',
    retries: { budget_ratio: 0.1, budget_min_per_second: 0 },
  } as const
  const { retries, exchanges, failures } = run({ faults, upstream })
  assert.ok(retries / exchanges > 0.08 && retries / exchanges < 0.115, `${retries / exchanges}`)
  assert.ok(failures.connect_refused! > 10_000)
})

test('a server that fails its health checks is taken out, and put back', () => {
  const health_check = { interval: '500ms', interval_down: '500ms', fall: 2, rise: 2 }
  const failing = run({ ...fault('errors', { failsChecks: true, length: 4000 }), upstream: { health_check } })
  const unseen = run({ ...fault('errors', { failsChecks: false, length: 4000 }), upstream: { health_check } })
  // Two checks at half a second take it out after about a second of four.
  const ratio = failing.failures.error_response! / unseen.failures.error_response!
  assert.ok(ratio > 0.1 && ratio < 0.4, `${ratio}`)
  assert.ok(failing.servers[0]!.relative > 0.5, 'it gets its share again')
})

test('a server that hangs is waited for until the time-out, and goes on where it was', () => {
  const forEver = run({ ...fault('hangs'), upstream: { health_check: 'off', timeouts: { response_head: '1s' } } })
  assert.deepEqual(Object.keys(forEver.failures), ['response_timeout'])
  assert.ok(forEver.max < 1001)
  const pause = run({ ...fault('hangs', { length: 1500 }), upstream: { health_check: 'off' } })
  assert.equal(pause.failed, 0)
  assert.ok(pause.max > 1450 && pause.max < 4000, `${pause.max}`)
})

test('what the balancer has given up on, a server does all the same unless it heeds that', () => {
  // At twice the load that it can bear, and with time-outs of five requests.
  const overload = (heedsCancel: boolean): Result =>
    run({
      servers: [{ ...BASE_SERVER, count: 1, slots: 1, heedsCancel }],
      service: { kind: 'exponential', mean: 100 },
      load: 2,
      requests: 2000,
      upstream: { timeouts: { response_head: '500ms' }, outlier_detection: 'off', health_check: 'off' },
    })
  const stubborn = overload(false)
  const attentive = overload(true)
  assert.ok(stubborn.failed / stubborn.exchanges > 0.99, 'it is busy with what nobody waits for')
  assert.ok(stubborn.peak > 500)
  assert.ok(attentive.failed / attentive.exchanges < 0.9, `${attentive.failed} of ${attentive.exchanges}`)
  assert.ok(attentive.peak < 30)
})

test('a brown-out shows in p99 while it lasts, and not before', () => {
  const { series } = run({ ...fault('slow', { length: 3000 }), requests: 40_000 })
  const worst = (from: number, to: number): number =>
    Math.max(...series.filter(({ at }) => at > from && at < to).map(({ p99 }) => p99))
  assert.ok(worst(2500, 5000) > 5 * worst(0, 1900))
})

test('balancers know only their subsets, and all servers are used alike', () => {
  const result = run({ servers: [{ ...BASE_SERVER, count: 12 }], balancers: 6, subset: 4 })
  for (const { relative } of result.servers) assert.ok(Math.abs(relative - 1) < 0.1, `${relative}`)
  const one = run({ servers: [{ ...BASE_SERVER, count: 12 }], balancers: 1, subset: 4, load: 0.2 })
  assert.deepEqual(
    one.servers.map(({ attempts }) => attempts > 0),
    [...Array(4).fill(true), ...Array(8).fill(false)],
  )
})

test('max_active is never passed, and beyond it clients are told that all servers are full', () => {
  for (const strategy of STRATEGIES) {
    const servers = [{ ...BASE_SERVER, count: 5, maxActive: 3 }]
    const result = run({ servers, load: 1.5, network: 0, requests: 5000 }, strategy)
    assert.equal(result.peak, 3, String(strategy))
    assert.ok(result.failures.all_servers_full! > 100, String(strategy))
  }
})

test('backups are idle while the others are well', () => {
  const servers = [
    { ...BASE_SERVER, count: 3 },
    { ...BASE_SERVER, count: 2, backup: true },
  ]
  const well = run({ servers, load: 0.3 })
  assert.deepEqual(
    well.servers.slice(3).map(({ attempts }) => attempts),
    [0, 0],
  )
  const faults = [{ ...BASE_FAULT, kind: 'down', servers: [1, 2, 3], at: 1000 }] as const
  const ill = run({ servers, faults, load: 0.3 })
  assert.ok(ill.servers[3]!.attempts > 1000)
})

test('a key keeps its server with hashing, and moves with taking turns', () => {
  assert.equal(run({}, 'ip_hash').moved, 0)
  assert.ok(run({}, 'round_robin').moved! > 0.85)
})

test('a recording is replayed request by request', () => {
  const requests = Array.from({ length: 500 }, (_, index) => ({
    finished: 1000 + index * 4 + (index % 7),
    wholeSecond: false,
    duration: 1 + (index % 7),
    client: `10.0.0.${index % 5}`,
  }))
  const recording = recordingOf(requests)
  const result = run({
    recording,
    load: 0,
    requests: 500,
    warmUp: 0,
    network: 0,
    servers: [{ ...BASE_SERVER, count: 10 }],
  })
  assert.equal(result.exchanges, 500)
  // At this pace nobody waits: the latencies are those of the log.
  assert.ok(Math.abs(result.mean - sum(requests.map(({ duration }) => duration)) / 500) < 1e-6)
  const busier = run({
    recording,
    load: 0.95,
    requests: 500,
    warmUp: 0,
    network: 0,
    servers: [{ ...BASE_SERVER, count: 2, slots: 1 }],
  })
  assert.ok(busier.mean > result.mean)
})

test('statuses that are listed are tried again on other servers', () => {
  const passedOn = run(fault('errors'))
  assert.ok(passedOn.failures.error_response! > 1000)
  const upstream: UpstreamKeys = { retries: { on: ['connect_failure', 500], attempts: 2 } }
  const triedAgain = run({ ...fault('errors'), upstream })
  assert.equal(triedAgain.failed, 0)
  assert.ok(Math.abs(triedAgain.retries / passedOn.failed - 1) < 0.1, `${triedAgain.retries}, ${passedOn.failed}`)
})

test('a time-out for each attempt, and another server, get around one that hangs', () => {
  const retries: UpstreamKeys['retries'] = { on: ['timeout'], per_try_timeout: '200ms' }
  const upstream: UpstreamKeys = { health_check: 'off', outlier_detection: 'off', retries }
  const result = run({ ...fault('hangs'), upstream })
  assert.equal(result.failed, 0)
  assert.ok(result.retries > 500)
  // 200 ms at first, 25 for the first wait and 50 for the second, 200 again for a few, and the work itself.
  assert.ok(result.max > 200 && result.max < 600, `${result.max}`)
})

test('hedged requests get around a server that is slow, within the budget', () => {
  const slow = {
    servers: [
      { ...BASE_SERVER, count: 1, speed: 0.05 },
      { ...BASE_SERVER, count: 9 },
    ],
    load: 0.2,
  }
  const alone = run({ ...slow, network: 0 }, 'random')
  for (const network of [0, 0.2]) {
    const hedged = run({ ...slow, network, upstream: { hedging: { after: '40ms' } } }, 'random')
    assert.equal(hedged.failed, 0)
    assert.ok(hedged.p99 < alone.p99 / 2, `${hedged.p99} against ${alone.p99}`)
    assert.ok(hedged.retries / hedged.exchanges > 0.05 && hedged.retries / hedged.exchanges < 0.205)
  }
  const percentile = run({ ...slow, upstream: { hedging: { after: 'p80' } } }, 'random')
  assert.ok(percentile.p99 < alone.p99 / 2, `${percentile.p99} against ${alone.p99}`)
})
