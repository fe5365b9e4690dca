import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverConfig } from '../../test/support/server-config.ts'
import type { ClientTimeouts, Config, ServerConfig, UpstreamConfig } from './config.ts'
import { normaliseConfig } from './load.ts'
import type { FileConfig, ParsedFile, ParsedUpstream } from './schema.ts'

const SERVERS = { urls: ['http://localhost:8001', { url: 'http://localhost:8002/', weight: 2 }] }

/** The effective config of the shortest file: every default that is documented. */
const DEFAULTS: Config = {
  listeners: [{ name: 'main', address: '*', port: 8080 }],
  routes: [
    {
      name: 'main',
      match: { hosts: [], path_prefix: '/', methods: [] },
      upstream: 'main',
      priority: 'normal',
      priority_header: '',
    },
  ],
  upstreams: [
    {
      name: 'main',
      strategy: { name: 'least_active', options: {} },
      servers: [serverConfig('localhost', 8001), serverConfig('localhost', 8002, { weight: 2 })],
      max_active: 0,
      concurrency: 'fixed',
      queue: { length: 0, timeout: 5000 },
      shedding: { normal_share: 0.9, low_share: 0.5 },
      health_check: {
        kind: 'http',
        interval: 30_000,
        interval_down: 5000,
        timeout: 5000,
        jitter: 0.1,
        rise: 1,
        fall: 1,
        initial: 'up',
        method: 'GET',
        path: '/',
        headers: {},
        port: 0,
        statuses: [{ from: 200, to: 200 }],
        body_contains: '',
      },
      passive_health: { connect_failures: 3 },
      failure_statuses: [{ from: 500, to: 599 }],
      outlier_detection: {
        consecutive_failures: 5,
        consecutive_errors: 0,
        interval: 10_000,
        min_requests: 100,
        min_servers: 5,
        success_rate_factor: 0,
        failure_percentage: 0,
        latency_factor: 0,
        latency_floor: 50,
        base_time: 30_000,
        max_time: 300_000,
        jitter: 0.1,
        max_ejected: 0.5,
      },
      circuit_breaker: null,
      server_feedback: {
        headers: false,
        orca: false,
        orca_error_penalty: 1,
        orca_blackout: 10_000,
        agent_port: 0,
        agent_interval: 5000,
        agent_timeout: 2000,
        agent_send: '',
        expiry: 180_000,
      },
      timeouts: { connect: 5000, response_head: 60_000, body_idle: 60_000, exchange: 0, tunnel_idle: 3_600_000 },
      slow_start: { window: 0, min_weight: 0.1, aggression: 1 },
      overprovisioning: 1.4,
      panic_threshold: 0,
      retries: {
        attempts: 2,
        on: ['connect_failure', 'reset'],
        non_idempotent: false,
        per_try_timeout: 0,
        backoff_base: 25,
        backoff_max: 250,
        retry_after_max: 1000,
        budget_ratio: 0.2,
        budget_min_per_second: 10,
      },
      hedging: { after: 0 },
      connections: { idle_per_server: 256, idle_timeout: 60_000 },
    },
  ],
  timeouts: { client_head: 10_000, client_body_idle: 30_000, keep_alive_idle: 75_000 },
  limits: {
    request_head_size: 16_384,
    request_target_length: 8192,
    request_headers: 100,
    request_body_size: 0,
    response_head_size: 65_536,
    client_connections: 20_000,
  },
  forwarding: { trusted_proxies: [], x_forwarded: true, forwarded: false, via: true },
  logging: { format: 'text', level: 'info', selection: true, access: false },
  metrics: { path: '/metrics' },
  zone: '',
  workers: 0,
  shutdown_timeout: 30_000,
}

function upstreamsOf(config: FileConfig): Record<string, UpstreamConfig> {
  return Object.fromEntries(normaliseConfig(config).upstreams.map((upstream) => [upstream.name, upstream]))
}

test('the shortest config has every default that is documented', () => {
  assert.deepEqual(normaliseConfig({ servers: SERVERS }), DEFAULTS)
})

test('the short form is one listener, one route and one upstream, and goes together with the other keys', () => {
  const short = normaliseConfig({
    load_balancer: { port: 9000, health_check_interval_seconds: 2.5, strategy: 'round_robin', workers: 4 },
    servers: SERVERS,
    timeouts: { connect: '1s', client_head: 'off' },
  })
  const full = normaliseConfig({
    listeners: [{ port: 9000 }],
    routes: [{ upstream: 'main' }],
    upstreams: { main: { strategy: 'round_robin', servers: SERVERS.urls, timeouts: { connect: '1s' } } },
    health_check: { interval: '2500ms' },
    timeouts: { client_head: 'off' },
    workers: 4,
  })
  assert.deepEqual(short, full)
  assert.equal(short.workers, 4)
  assert.equal(short.timeouts.client_head, 0)
})

test('the halves of the short form go together with the halves of the full one', () => {
  const listeners = normaliseConfig({
    listeners: [{ port: 1 }, { port: 2 }],
    servers: SERVERS,
    load_balancer: { strategy: 'round_robin' },
  })
  assert.deepEqual(
    listeners.listeners.map(({ name, port }) => [name, port]),
    [
      ['listener_1', 1],
      ['listener_2', 2],
    ],
  )
  assert.equal(listeners.upstreams[0]!.strategy.name, 'round_robin')
  const upstreams = normaliseConfig({ load_balancer: { port: 5 }, upstreams: { api: { servers: SERVERS.urls } } })
  assert.deepEqual(upstreams.listeners, [{ name: 'main', address: '*', port: 5 }])
  assert.deepEqual(upstreams.routes, [{ ...DEFAULTS.routes[0], upstream: 'api' }])
  assert.equal(upstreams.upstreams[0]!.strategy.name, 'least_active')
})

test('an upstream takes from the top level what it does not say itself, key by key', () => {
  const { a, b } = upstreamsOf({
    upstreams: {
      a: {
        servers: SERVERS.urls,
        timeouts: { connect: '1s', exchange: '9s' },
        retries: { attempts: 0 },
        health_check: { path: '/a', statuses: ['2xx', '300-302', 404] },
        passive_health: { connect_failures: 1 },
        connections: { idle_timeout: 'off' },
      },
      b: { servers: SERVERS.urls },
    },
    routes: [{ upstream: 'a' }, { match: { path_prefix: '/b' }, upstream: 'b' }],
    timeouts: { connect: '2s', body_idle: 'off' },
    retries: { attempts: 5, budget_ratio: '50%' },
    health_check: { path: '/top', rise: 3, interval: '10s' },
    passive_health: { connect_failures: 7 },
    connections: { idle_per_server: 1 },
  })
  const defaults = DEFAULTS.upstreams[0]!
  assert.deepEqual(a!.timeouts, { ...defaults.timeouts, connect: 1000, exchange: 9000, body_idle: 0 })
  assert.deepEqual(b!.timeouts, { ...defaults.timeouts, connect: 2000, body_idle: 0 })
  assert.deepEqual(a!.retries, { ...defaults.retries, attempts: 0, budget_ratio: 0.5 })
  assert.deepEqual(b!.retries, { ...defaults.retries, attempts: 5, budget_ratio: 0.5 })
  const statuses = [
    { from: 200, to: 299 },
    { from: 300, to: 302 },
    { from: 404, to: 404 },
  ]
  assert.deepEqual(a!.health_check, { ...defaults.health_check, path: '/a', statuses, rise: 3, interval: 10_000 })
  assert.deepEqual(b!.health_check, { ...defaults.health_check, path: '/top', rise: 3, interval: 10_000 })
  assert.deepEqual([a!.passive_health.connect_failures, b!.passive_health.connect_failures], [1, 7])
  assert.deepEqual(
    [a!.connections, b!.connections],
    [
      { idle_per_server: 1, idle_timeout: 0 },
      { idle_per_server: 1, idle_timeout: 60_000 },
    ],
  )
})

test('health checks can be off for all, for one, and on for one', () => {
  const servers = SERVERS.urls
  const routes = [{ upstream: 'a' }, { match: { path_prefix: '/b' }, upstream: 'b' }]
  const someOff = upstreamsOf({ routes, upstreams: { a: { servers, health_check: 'off' }, b: { servers } } })
  assert.deepEqual([someOff.a!.health_check.kind, someOff.b!.health_check.kind], ['off', 'http'])
  const someOn = upstreamsOf({
    routes,
    health_check: 'off',
    upstreams: { a: { servers }, b: { servers, health_check: { kind: 'tcp' } } },
  })
  assert.deepEqual([someOn.a!.health_check.kind, someOn.b!.health_check.kind], ['off', 'tcp'])
})

test('a check of a server that is down comes never later, and a check takes never longer, than the interval', () => {
  const check = normaliseConfig({ servers: SERVERS, load_balancer: { health_check_interval_seconds: 1 } }).upstreams[0]!
    .health_check
  assert.deepEqual([check.interval, check.interval_down, check.timeout], [1000, 1000, 1000])
})

test('off is 0, or empty for the metrics', () => {
  const config = normaliseConfig({
    servers: SERVERS,
    metrics: 'off',
    limits: { request_body_size: 'off', client_connections: 'off' },
    timeouts: { tunnel_idle: 'off' },
  })
  assert.equal(config.metrics.path, '')
  assert.deepEqual([config.limits.request_body_size, config.limits.client_connections], [0, 0])
  assert.equal(config.upstreams[0]!.timeouts.tunnel_idle, 0)
})

test('names that are given stay, the others are numbered and never the same', () => {
  const config = normaliseConfig({
    servers: SERVERS,
    listeners: [{ port: 1 }, { name: 'listener_1', port: 2 }, { port: 3 }],
  })
  assert.deepEqual(
    config.listeners.map(({ name }) => name),
    ['listener_1_', 'listener_1', 'listener_3'],
  )
})

test('addresses and hosts come out in the form in which they are compared', () => {
  const config = normaliseConfig({
    servers: { urls: ['http://[0:0::1]:81'] },
    listeners: [{ address: '[::0:1]', port: 1 }],
    routes: [{ match: { hosts: ['*.Example.COM', '[::1]'] }, upstream: 'main' }],
  })
  assert.equal(config.listeners[0]!.address, '::1')
  assert.deepEqual(config.routes[0]!.match.hosts, ['*.example.com', '[::1]'])
  assert.equal(config.upstreams[0]!.servers[0]!.host, '::1')
})

test('outlier detection and circuit breakers are merged key by key, and "off" gives way to an upstream that has an object', () => {
  const servers = ['http://localhost:1']
  const upstreams = {
    plain: { servers },
    own: { servers, outlier_detection: { base_time: '10m' }, circuit_breaker: {}, failure_statuses: [503, '4xx'] },
    off: { servers, outlier_detection: 'off' as const, circuit_breaker: 'off' as const },
  }
  const routes = [{ upstream: 'plain' }]
  const { plain, own, off } = upstreamsOf({
    upstreams,
    routes,
    outlier_detection: { consecutive_errors: 7 },
    circuit_breaker: { trials: 9, latency: '1s' },
  })
  assert.deepEqual([plain!.outlier_detection?.consecutive_errors, plain!.circuit_breaker?.trials], [7, 9])
  assert.deepEqual([own!.outlier_detection?.base_time, own!.outlier_detection?.max_time], [600_000, 600_000])
  assert.deepEqual([own!.outlier_detection?.consecutive_errors, own!.circuit_breaker?.latency], [7, 1000])
  assert.deepEqual(own!.failure_statuses, [
    { from: 503, to: 503 },
    { from: 400, to: 499 },
  ])
  assert.deepEqual([off!.outlier_detection, off!.circuit_breaker], [null, null])
  const allOff = upstreamsOf({ upstreams, routes, outlier_detection: 'off' })
  assert.deepEqual([allOff.plain!.outlier_detection, allOff.plain!.circuit_breaker], [null, null])
  assert.equal(allOff.own!.outlier_detection?.consecutive_failures, 5)
  assert.equal(allOff.own!.circuit_breaker?.error_rate, 0.5)
})

test('the effective config survives the way to a worker', () => {
  const config = normaliseConfig({ servers: SERVERS })
  assert.deepEqual(structuredClone(config), config)
})

test('undefined is the same as left out', () => {
  const config: FileConfig = {
    servers: SERVERS,
    listeners: undefined,
    timeouts: { connect: undefined },
    workers: undefined,
  }
  assert.deepEqual(normaliseConfig(config), DEFAULTS)
})

// What the schema puts out and what the effective config is are the same types; the compiler is the one that tests it.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
type On<T> = Exclude<T, 'off'>
type Given<T> = { [Key in keyof T]-?: Exclude<T[Key], undefined> }
const typesAgree: [
  Same<ParsedFile['limits'], Config['limits']>,
  Same<ParsedFile['forwarding'], Config['forwarding']>,
  Same<ParsedFile['logging'], Config['logging']>,
  Same<On<ParsedFile['metrics']>, Config['metrics']>,
  Same<ParsedFile['timeouts'], ClientTimeouts & UpstreamConfig['timeouts']>,
  Same<ParsedFile['retries'], UpstreamConfig['retries']>,
  Same<ParsedFile['hedging'], UpstreamConfig['hedging']>,
  Same<ParsedFile['passive_health'], UpstreamConfig['passive_health']>,
  Same<ParsedFile['failure_statuses'], UpstreamConfig['failure_statuses']>,
  Same<On<ParsedFile['outlier_detection']>, NonNullable<UpstreamConfig['outlier_detection']>>,
  Same<On<ParsedFile['circuit_breaker']>, NonNullable<UpstreamConfig['circuit_breaker']>>,
  Same<ParsedFile['server_feedback'], UpstreamConfig['server_feedback']>,
  Same<ParsedFile['connections'], UpstreamConfig['connections']>,
  Same<Given<ParsedUpstream['timeouts']>, UpstreamConfig['timeouts']>,
  Same<ParsedUpstream['servers'], ServerConfig[]>,
  Same<ParsedUpstream['strategy'], UpstreamConfig['strategy']>,
  Same<keyof On<ParsedFile['health_check']>, keyof UpstreamConfig['health_check']>,
  Same<NonNullable<ParsedFile['routes']>[number]['match'], Config['routes'][number]['match']>,
] = [true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true]

test('the schema and the effective config have the same types', () => {
  assert.ok(typesAgree.every(Boolean))
})
