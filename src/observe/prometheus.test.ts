import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COUNTER, Counters, SERVER_COUNTER } from '../shared/counters.ts'
import { Gates } from '../shared/gates.ts'
import { InFlight } from '../shared/in-flight.ts'
import { DOWN, ServerTable } from '../shared/server-table.ts'
import { UpstreamSamples } from '../shared/upstream-samples.ts'
import { formatPrometheus } from './prometheus.ts'
import { takeSnapshot } from './snapshot.ts'

interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

interface Family {
  help: string
  type: string
  samples: Sample[]
}

const SUFFIXES: Record<string, string[]> = { counter: [''], gauge: [''], histogram: ['_bucket', '_sum', '_count'] }

/** A strict reader of the text format 0.0.4: whatever is not in its grammar fails the test. */
function parse(text: string): Map<string, Family> {
  assert.ok(text.endsWith('\n'))
  const families = new Map<string, Family>()
  const series = new Set<string>()
  let name = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line)
    if (comment?.[1] === 'HELP') {
      name = comment[2]!
      assert.ok(!families.has(name), `${name} comes once`)
      families.set(name, { help: comment[3]!, type: '', samples: [] })
    } else if (comment?.[1] === 'TYPE') {
      assert.equal(comment[2], name, 'TYPE follows HELP')
      families.get(name)!.type = comment[3]!
    } else {
      const sample = parseSample(line)
      const family = families.get(name)!
      assert.ok(
        SUFFIXES[family.type]!.some((suffix) => sample.name === name + suffix),
        `${line} belongs to ${name}`,
      )
      const key = sample.name + JSON.stringify(Object.entries(sample.labels).sort())
      assert.ok(!series.has(key), `${key} comes once`)
      series.add(key)
      family.samples.push(sample)
    }
  }
  return families
}

function parseSample(line: string): Sample {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
  assert.ok(match, line)
  const labels: Record<string, string> = {}
  let rest = match[2] ?? ''
  while (rest !== '') {
    const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/.exec(rest)
    assert.ok(label, `labels ${rest}`)
    assert.ok(!(label[1]! in labels), `label ${label[1]} comes once`)
    labels[label[1]!] = label[2]!.replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character))
    rest = rest.slice(label[0].length)
  }
  const value = Number(match[3])
  assert.ok(Number.isFinite(value), line)
  return { name: match[1]!, labels, value }
}

function makeFamilies(url = 'http://localhost:8001'): Map<string, Family> {
  const table = new ServerTable(2)
  const counters = [new Counters(2), new Counters(2)]
  table.setHealth(1, DOWN)
  const inFlight = new InFlight(table, 2)
  for (let exchange = 0; exchange < 3; exchange++) inFlight.take(0)
  for (const block of counters) {
    for (const counter of Object.values(COUNTER)) block.add(counter, counter + 1)
    for (const counter of Object.values(SERVER_COUNTER)) block.addForServer(1, counter, counter + 1)
    for (const micros of [1, 255, 256, 300, 5000, 2 ** 26 - 1, 2 ** 26, 2 ** 33]) block.addExchange(0, 200, micros)
    block.addExchange(0, 404, 1000)
    block.addFailure(0)
    block.addOwnStatus(503)
  }
  const servers = [
    { slot: 0, url, upstream: 'main', weight: 1, maxActive: 0 },
    { slot: 1, url, upstream: 'other', weight: 5, maxActive: 0 },
  ]
  const failureKinds = ['connect_refused', 'no_healthy_server']
  const gates = new Gates({ capacity: 2, workers: 2 })
  gates.setLimit(1, 5)
  for (const worker of [0, 1]) {
    const gate = gates.gate(1, worker)
    gate.enter(5)
    gate.join(worker, 9)
  }
  const samples = [new UpstreamSamples(2)]
  samples[0]!.addQueued(1, 250)
  const upstreams = [
    { name: 'free', turn: 0, gated: false },
    { name: 'main', turn: 1, gated: true },
  ]
  const sources = { table, counters, servers, upstreams, gates, samples, failureKinds, startedAt: 1_700_000_000_500 }
  return parse(formatPrometheus(takeSnapshot(sources)))
}

function values(families: Map<string, Family>, name: string): [Record<string, string>, number][] {
  const family = families.get(name)
  assert.ok(family, name)
  return family.samples.map(({ labels, value }) => [labels, value])
}

test('the text is well formed, every family has help and type, and names follow the conventions', () => {
  const families = makeFamilies()
  assert.ok(families.size >= 20)
  for (const [name, { help, type, samples }] of families) {
    assert.ok(help.length > 10 && help.endsWith('.'), `help of ${name}`)
    assert.ok(type in SUFFIXES, `type of ${name}`)
    assert.match(name, /^(octoload|process)_[a-z_]+$/)
    assert.equal(name.endsWith('_total'), type === 'counter', name)
    assert.ok(samples.length > 0, `${name} has samples`)
  }
})

test('answers are counted by upstream, server and code; failures by reason; own answers by code', () => {
  const families = makeFamilies()
  const first = { upstream: 'main', server: 'http://localhost:8001' }
  assert.deepEqual(values(families, 'octoload_requests_total'), [
    [{ ...first, code: '200' }, 16],
    [{ ...first, code: '404' }, 2],
  ])
  assert.deepEqual(values(families, 'octoload_failures_total'), [
    [{ reason: 'connect_refused' }, 2],
    [{ reason: 'no_healthy_server' }, 0],
  ])
  assert.deepEqual(values(families, 'octoload_own_answers_total'), [[{ code: '503' }, 2]])
})

test('an upstream with a limit shows who is in it and who waits, over all workers', () => {
  const families = makeFamilies()
  const upstream = 'main'
  assert.deepEqual(values(families, 'octoload_upstream_active'), [[{ upstream }, 2]])
  assert.deepEqual(values(families, 'octoload_upstream_limit'), [[{ upstream }, 5]])
  assert.deepEqual(values(families, 'octoload_upstream_waiting'), [
    [{ upstream, priority: 'high' }, 1],
    [{ upstream, priority: 'normal' }, 1],
    [{ upstream, priority: 'low' }, 0],
  ])
  assert.deepEqual(values(families, 'octoload_upstream_queued_total'), [[{ upstream }, 1]])
  assert.deepEqual(values(families, 'octoload_upstream_queue_seconds_total'), [[{ upstream }, 0.25]])
})

test('the same server in two upstreams is two series', () => {
  const families = makeFamilies()
  const server = 'http://localhost:8001'
  const main = { upstream: 'main', server }
  const other = { upstream: 'other', server }
  const both = (name: string) => values(families, name)
  assert.deepEqual(both('octoload_server_up'), [
    [main, 1],
    [other, 0],
  ])
  assert.deepEqual(both('octoload_exchanges_in_flight'), [
    [main, 3],
    [other, 0],
  ])
  assert.deepEqual(both('octoload_server_weight'), [
    [main, 1],
    [other, 5],
  ])
  for (const [name, value] of [
    ['octoload_server_picks_total', 2],
    ['octoload_server_failures_total', 4],
    ['octoload_server_connections_total', 6],
    ['octoload_server_connections_active', 8],
    ['octoload_server_connections_idle', 10],
  ] as const) {
    assert.deepEqual(both(name)[1], [other, value], name)
  }
})

/** The counters that are one metric with a label. */
const RETRIES = {
  retriesConnectFailure: 'connect_failure',
  retriesReset: 'reset',
  retriesTimeout: 'timeout',
  retriesStatus: 'status',
} as const

test('every total of the snapshot has its metric', () => {
  const families = makeFamilies()
  const names: Record<Exclude<keyof typeof COUNTER, keyof typeof RETRIES>, string> = {
    requests: 'octoload_received_requests_total',
    failed: 'octoload_failed_requests_total',
    exchangesActive: 'octoload_exchanges_active',
    clientConnections: 'octoload_client_connections_total',
    clientConnectionsActive: 'octoload_client_connections_active',
    tunnels: 'octoload_tunnels_total',
    tunnelsActive: 'octoload_tunnels_active',
    requestBytes: 'octoload_request_bytes_total',
    responseBytes: 'octoload_response_bytes_total',
    retries: 'octoload_retries_total',
    retriesOverBudget: 'octoload_retries_over_budget_total',
    logLinesDropped: 'octoload_log_lines_dropped_total',
    hedges: 'octoload_hedges_total',
    hedgesWon: 'octoload_hedges_won_total',
    hedgesOverBudget: 'octoload_hedges_over_budget_total',
  }
  for (const [counter, name] of Object.entries(names)) {
    assert.deepEqual(values(families, name), [[{}, 2 * (COUNTER[counter as keyof typeof COUNTER] + 1)]], name)
  }
  const byReason = Object.entries(RETRIES).map(([counter, reason]) => [
    { reason },
    2 * (COUNTER[counter as keyof typeof RETRIES] + 1),
  ])
  assert.deepEqual(values(families, 'octoload_retries_by_reason_total'), byReason)
})

test('histograms are cumulative, their bounds exact, and +Inf is the count', () => {
  const { samples } = makeFamilies().get('octoload_exchange_duration_seconds')!
  for (const upstream of ['main', 'other']) {
    const own = samples.filter(({ labels }) => labels.upstream === upstream)
    const buckets = own.filter(({ name }) => name.endsWith('_bucket'))
    const bounds = buckets.map(({ labels }) => labels.le)
    const exact = Array.from({ length: 19 }, (_, index) => 2 ** (index + 8) / 1e6)
    assert.deepEqual(bounds, [...exact.map(String), '+Inf'])
    for (const [index, { value }] of buckets.entries()) assert.ok(index === 0 || value >= buckets[index - 1]!.value)
    const count = own.find(({ name }) => name.endsWith('_count'))!.value
    assert.equal(buckets.at(-1)!.value, count)
    assert.equal(count, upstream === 'main' ? 18 : 0)
  }
  const main = samples.filter(({ labels }) => labels.upstream === 'main')
  const at = (le: string) => main.find(({ labels }) => labels.le === le)!.value
  assert.deepEqual(['0.000256', '0.000512', '0.001024', '67.108864', '+Inf'].map(at), [4, 8, 10, 14, 18])
  const micros = 2 * (1 + 255 + 256 + 300 + 5000 + 2 ** 26 - 1 + 2 ** 26 + 2 ** 33 + 1000)
  const sum = main.find(({ name }) => name.endsWith('_sum'))!.value
  assert.ok(Math.abs(sum - micros / 1e6) < 1e-6)
})

test('build and process are told', () => {
  const families = makeFamilies()
  const [build] = values(families, 'octoload_build_info')
  assert.match(build![0].version!, /^\d+\.\d+\.\d+/)
  assert.equal(build![0].node, process.versions.node)
  assert.equal(build![1], 1)
  assert.deepEqual(values(families, 'process_start_time_seconds'), [[{}, 1_700_000_000.5]])
  assert.ok(values(families, 'process_resident_memory_bytes')[0]![1] > 1_000_000)
  assert.ok(values(families, 'process_cpu_seconds_total')[0]![1] > 0)
})

test('label values are escaped, and read back as they were', () => {
  const url = 'http://a"b\\c\nd{e="f"},g \\n'
  const [sample] = makeFamilies(url).get('octoload_server_up')!.samples
  assert.equal(sample!.labels.server, url)
})
