// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to the environment are to come out unharmed
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Config } from './config.ts'
import { normaliseConfig, parseConfig } from './load.ts'
import { printConfig } from './print.ts'
import type { FileConfig } from './schema.ts'

function assertRoundTrip(config: Config): void {
  const text = printConfig(config)
  const result = parseConfig(text, { env: {}, allowNoServers: true })
  assert.deepEqual(result, { ok: true, config }, text)
  assert.equal(printConfig(config), text)
}

test('prints the whole effective config, for people', () => {
  const text = printConfig(normaliseConfig({ servers: { urls: ['http://localhost:8001'] } }))
  assert.equal(
    text,
    `{
  "listeners": [{"name": "main", "address": "*", "port": 8080}],
  "routes": [
    {
      "name": "main",
      "match": {"hosts": [], "path_prefix": "/", "methods": []},
      "upstream": "main",
      "priority": "normal",
      "priority_header": "off"
    }
  ],
  "upstreams": {
    "main": {
      "strategy": "least_active",
      "servers": [{"url": "http://localhost:8001", "weight": 1, "max_active": "off"}],
      "max_active": "off",
      "concurrency": "fixed",
      "queue": {"length": "off", "timeout": "5s"},
      "shedding": {"normal_share": 0.9, "low_share": 0.5},
      "health_check": {
        "kind": "http",
        "interval": "30s",
        "interval_down": "5s",
        "timeout": "5s",
        "jitter": 0.1,
        "rise": 1,
        "fall": 1,
        "initial": "up",
        "method": "GET",
        "path": "/",
        "headers": {},
        "port": 0,
        "statuses": [200],
        "body_contains": ""
      },
      "passive_health": {"connect_failures": 3},
      "failure_statuses": ["500-599"],
      "outlier_detection": {
        "consecutive_failures": 5,
        "consecutive_errors": "off",
        "interval": "10s",
        "min_requests": 100,
        "min_servers": 5,
        "success_rate_factor": "off",
        "failure_percentage": "off",
        "latency_factor": "off",
        "latency_floor": "50ms",
        "base_time": "30s",
        "max_time": "5m",
        "jitter": 0.1,
        "max_ejected": 0.5
      },
      "circuit_breaker": "off",
      "server_feedback": {
        "headers": false,
        "orca": false,
        "orca_error_penalty": 1,
        "orca_blackout": "10s",
        "agent_port": "off",
        "agent_interval": "5s",
        "agent_timeout": "2s",
        "agent_send": "",
        "expiry": "3m"
      },
      "timeouts": {
        "connect": "5s",
        "response_head": "1m",
        "body_idle": "1m",
        "exchange": "off",
        "tunnel_idle": "1h"
      },
      "retries": {
        "attempts": 2,
        "on": ["connect_failure", "reset"],
        "non_idempotent": false,
        "per_try_timeout": "off",
        "backoff_base": "25ms",
        "backoff_max": "250ms",
        "retry_after_max": "1s",
        "budget_ratio": 0.2,
        "budget_min_per_second": 10
      },
      "hedging": {"after": "off"},
      "connections": {"idle_per_server": 256, "idle_timeout": "1m"},
      "slow_start": {"window": "off", "min_weight": 0.1, "aggression": 1},
      "overprovisioning": 1.4,
      "panic_threshold": "off"
    }
  },
  "timeouts": {"client_head": "10s", "client_body_idle": "30s", "keep_alive_idle": "75s"},
  "limits": {
    "request_head_size": "16KiB",
    "request_target_length": "8KiB",
    "request_headers": 100,
    "request_body_size": "off",
    "response_head_size": "64KiB",
    "client_connections": 20000
  },
  "forwarding": {"trusted_proxies": [], "x_forwarded": true, "forwarded": false, "via": true},
  "logging": {"format": "text", "level": "info", "selection": true, "access": false},
  "metrics": {"path": "/metrics"},
  "zone": "",
  "workers": "auto",
  "shutdown_timeout": "30s"
}
`,
  )
})

test('what it prints is read back as the same config, whatever was set', () => {
  const duration = fc.integer({ min: 100, max: 86_400_000 }).map((millis) => `${millis}ms`)
  const wait = fc.oneof(duration, fc.constant('off'))
  const partly = <T extends Record<string, fc.Arbitrary<unknown>>>(keys: T) => fc.record(keys, { requiredKeys: [] })
  const share = fc.oneof(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.integer({ min: 0, max: 100 }).map((part) => `${part}%`),
  )
  const conditions = fc.subarray(['connect_failure', 'reset', 'timeout', 429, '5xx', '500-504'])
  const text = fc.oneof(fc.string(), fc.constantFrom('${A}', '$${A}', '$', '${', '"\\\n\u2028'))
  const statuses = fc.array(
    fc.oneof(fc.integer({ min: 100, max: 599 }), fc.constantFrom('2xx', '200-399', '301-301')),
    { minLength: 1 },
  )
  const check = partly({
    kind: fc.constantFrom('http', 'tcp'),
    interval: duration,
    interval_down: duration,
    timeout: duration,
    jitter: share,
    body_contains: text,
    statuses,
    headers: fc.constantFrom({}, { Host: 'a', 'X-$A': '${B}' }),
  })
  const checkOrOff = fc.oneof(check, fc.constant('off'))
  const strategy = fc.constantFrom<NonNullable<FileConfig['load_balancer']>['strategy']>(
    'round_robin',
    'least_active',
    { name: 'round_robin' },
    { name: 'hash', key: 'header:X-User', method: 'maglev', bounded_load: 1.25 },
    { name: 'ip_hash', bounded_load: 'off' },
    { name: 'prequal', hot_quantile: '90%', probe_age: '1.5s' },
    { name: '/srv/mine.ts', half_life: '5s' },
  )
  const orOff = <T>(value: fc.Arbitrary<T>) => fc.oneof(value, fc.constant('off'))
  const outliers = orOff(
    partly({
      consecutive_failures: orOff(fc.integer({ min: 1, max: 1000 })),
      failure_percentage: orOff(share),
      latency_factor: orOff(fc.double({ min: 1.1, max: 1000, noNaN: true })),
      base_time: duration,
      max_time: duration,
    }),
  )
  const breaker = orOff(
    partly({ error_rate: orOff(share), latency: wait, open_time: duration, max_open_time: duration }),
  )
  const feedback = partly({
    orca: fc.boolean(),
    agent_port: orOff(fc.integer({ min: 1, max: 65_535 })),
    agent_interval: duration,
    agent_timeout: duration,
    agent_send: text,
  })
  const server = fc.nat(9).map((number) => ({
    url: `http://[::${number}]`,
    weight: number + 1,
    max_active: number === 0 ? 'off' : 10 ** (number % 7),
    priority: number,
    backup: number % 2 === 1,
    zone: number < 5 ? '' : 'far',
  }))
  const upstream = fc.record(
    {
      servers: fc.uniqueArray(server, { selector: ({ url }) => url }),
      strategy,
      max_active: fc.constantFrom('off', 7),
      concurrency: fc.constantFrom('fixed', 'adaptive'),
      queue: partly({ length: fc.constantFrom('off', 9), timeout: duration }),
      shedding: partly({ normal_share: share, low_share: share }),
      slow_start: partly({ window: wait, min_weight: share }),
      overprovisioning: fc.constantFrom(1, 1.4),
      panic_threshold: fc.oneof(share, fc.constant('off')),
      health_check: checkOrOff,
      failure_statuses: statuses,
      outlier_detection: outliers,
      circuit_breaker: breaker,
      server_feedback: feedback,
      timeouts: partly({ connect: duration, exchange: wait, tunnel_idle: wait }),
      retries: fc.oneof(
        partly({ attempts: fc.nat(10), on: conditions, retry_after_max: wait, budget_ratio: share }),
        fc.record({ on: fc.constant(['timeout', 503]), per_try_timeout: wait }),
      ),
      hedging: partly({ after: fc.constantFrom('off', 'p95', 'p99.9', '30ms') }),
    },
    { requiredKeys: ['servers'] },
  )
  const file = partly({
    upstreams: fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_.-]{0,5}$/), upstream, { minKeys: 1, maxKeys: 1 }),
    health_check: checkOrOff,
    outlier_detection: outliers,
    circuit_breaker: breaker,
    timeouts: partly({ connect: duration, client_head: wait }),
    limits: partly({
      request_body_size: fc.oneof(
        fc.integer({ min: 1, max: 2 ** 40 }).map((bytes) => `${bytes}B`),
        fc.constant('off'),
      ),
      client_connections: fc.constantFrom('off', 5),
    }),
    concurrency: fc.constantFrom('fixed', 'adaptive'),
    queue: partly({ length: fc.constantFrom('off', 8), timeout: duration }),
    shedding: partly({ normal_share: share, low_share: share }),
    metrics: fc.constantFrom('off', { path: '/m' }),
    workers: fc.constantFrom('auto', 3),
    listeners: fc.constantFrom(
      [{ port: 1 }],
      [
        { port: 1, address: '::1' },
        { port: 0, name: 'x' },
      ],
    ),
  })
  fc.assert(
    fc.property(file, (file) => {
      assertRoundTrip(normaliseConfig(file as FileConfig, { allowNoServers: true }))
    }),
    { numRuns: 300 },
  )
})

test('options of a strategy come out beside its name', () => {
  const config = normaliseConfig({ servers: { urls: ['http://a'] } })
  config.upstreams[0]!.strategy = { name: 'round_robin', options: { half_life: '5s' } }
  assert.match(printConfig(config), /"strategy": \{"name": "round_robin", "half_life": "5s"\}/)
})
