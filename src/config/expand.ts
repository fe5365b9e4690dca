// From a valid file to the effective config: the short form becomes the full one, upstreams take what they do not say
// themselves from the top level, and every name is given.
import type {
  CircuitBreaker,
  Config,
  HealthCheckConfig,
  ListenerConfig,
  OutlierDetection,
  RouteConfig,
  ServerFeedback,
  UpstreamConfig,
} from './config.ts'
import {
  circuitBreakerSchema,
  healthCheckSchema,
  outlierDetectionSchema,
  type ParsedFile,
  type ParsedUpstream,
  upstreamSchema,
} from './schema.ts'

const SHORT_NAME = 'main'

const { servers: _none, ...UPSTREAM_DEFAULTS } = upstreamSchema.parse({ servers: [] })
const { kind, interval = 30_000, ...otherDefaults } = healthCheckSchema.parse({})
const CHECK_DEFAULTS: HealthCheckConfig = { kind, interval, ...otherDefaults }

export function expand(file: ParsedFile): Config {
  const { client_head, client_body_idle, keep_alive_idle } = file.timeouts
  const workers = file.workers ?? file.load_balancer.workers ?? 'auto'
  const upstreams = Object.entries(file.upstreams ?? shortUpstreams(file))
  return {
    listeners: expandListeners(file),
    routes: expandRoutes(file, upstreams[0]?.[0] ?? SHORT_NAME),
    upstreams: upstreams.map(([name, upstream]) => expandUpstream(file, name, upstream)),
    timeouts: { client_head, client_body_idle, keep_alive_idle },
    limits: file.limits,
    forwarding: file.forwarding,
    logging: file.logging,
    metrics: { path: file.metrics === 'off' ? '' : file.metrics.path },
    zone: file.zone,
    workers: workers === 'auto' ? 0 : workers,
    shutdown_timeout: file.shutdown_timeout,
  }
}

function shortUpstreams({ load_balancer, servers }: ParsedFile): Record<string, ParsedUpstream> {
  const upstream = { strategy: load_balancer.strategy, servers: servers?.urls ?? [] }
  return { [SHORT_NAME]: { ...UPSTREAM_DEFAULTS, ...upstream } }
}

function expandListeners({ listeners, load_balancer }: ParsedFile): ListenerConfig[] {
  if (listeners === undefined) return [{ name: SHORT_NAME, address: '*', port: load_balancer.port }]
  const names = namesOf(listeners, 'listener')
  return listeners.map(({ address, port }, index) => ({ name: names[index]!, address, port }))
}

function expandRoutes({ routes }: ParsedFile, onlyUpstream: string): RouteConfig[] {
  const everything = { hosts: [], path_prefix: '/', methods: [] }
  if (routes === undefined) {
    return [{ name: SHORT_NAME, match: everything, upstream: onlyUpstream, priority: 'normal', priority_header: '' }]
  }
  const names = namesOf(routes, 'route')
  return routes.map(({ name: _, ...route }, index) => ({ name: names[index]!, ...route }))
}

/** Names that were given stay; the others are `main` when there is only one entry, else numbered by position. */
function namesOf(entries: readonly { name?: string | undefined }[], noun: string): string[] {
  const given = new Set(entries.map(({ name }) => name))
  return entries.map((entry, index) => {
    let name = entry.name ?? (entries.length === 1 ? SHORT_NAME : `${noun}_${index + 1}`)
    while (entry.name === undefined && given.has(name)) name += '_'
    return name
  })
}

function expandUpstream(file: ParsedFile, name: string, upstream: ParsedUpstream): UpstreamConfig {
  const { connect, response_head, body_idle, exchange, tunnel_idle } = file.timeouts
  return {
    name,
    strategy: upstream.strategy,
    servers: upstream.servers,
    max_active: upstream.max_active,
    concurrency: upstream.concurrency ?? file.concurrency,
    queue: merge(file.queue, upstream.queue),
    shedding: merge(file.shedding, upstream.shedding),
    health_check: expandHealthCheck(file, upstream.health_check),
    passive_health: merge(file.passive_health, upstream.passive_health),
    failure_statuses: upstream.failure_statuses ?? file.failure_statuses,
    outlier_detection: expandOutlierDetection(file, upstream.outlier_detection),
    circuit_breaker: expandCircuitBreaker(file, upstream.circuit_breaker),
    server_feedback: expandFeedback(file, upstream.server_feedback),
    timeouts: merge({ connect, response_head, body_idle, exchange, tunnel_idle }, upstream.timeouts),
    retries: merge(file.retries, upstream.retries),
    hedging: merge(file.hedging, upstream.hedging),
    connections: merge(file.connections, upstream.connections),
    slow_start: merge(file.slow_start, upstream.slow_start),
    overprovisioning: upstream.overprovisioning,
    panic_threshold: upstream.panic_threshold,
  }
}

/** `off` at the top level gives way to an upstream that says how it is to be checked. */
function expandHealthCheck(file: ParsedFile, own: ParsedUpstream['health_check']): HealthCheckConfig {
  const top = file.health_check
  if (own === 'off' || (top === 'off' && own === undefined)) return { ...CHECK_DEFAULTS, kind: 'off' }
  const shortInterval = Math.round(file.load_balancer.health_check_interval_seconds * 1000)
  const base = top === 'off' ? CHECK_DEFAULTS : merge({ ...CHECK_DEFAULTS, interval: shortInterval }, top)
  const check = merge(base, own ?? {})
  const { interval, interval_down, timeout } = check
  return { ...check, interval_down: Math.min(interval_down, interval), timeout: Math.min(timeout, interval) }
}

function expandOutlierDetection(
  { outlier_detection: top }: ParsedFile,
  own: ParsedUpstream['outlier_detection'],
): OutlierDetection | null {
  if (own === 'off' || (top === 'off' && own === undefined)) return null
  const detection = merge(top === 'off' ? outlierDetectionSchema.parse({}) : top, own ?? {})
  return { ...detection, max_time: Math.max(detection.max_time, detection.base_time) }
}

function expandCircuitBreaker(
  { circuit_breaker: top }: ParsedFile,
  own: ParsedUpstream['circuit_breaker'],
): CircuitBreaker | null {
  if (own === 'off' || (top === 'off' && own === undefined)) return null
  const breaker = merge(top === 'off' ? circuitBreakerSchema.parse({}) : top, own ?? {})
  return { ...breaker, max_open_time: Math.max(breaker.max_open_time, breaker.open_time) }
}

function expandFeedback(file: ParsedFile, own: ParsedUpstream['server_feedback']): ServerFeedback {
  const feedback = merge(file.server_feedback, own)
  return { ...feedback, agent_timeout: Math.min(feedback.agent_timeout, feedback.agent_interval) }
}

type Overrides<T> = { [Key in keyof T]?: T[Key] | undefined }

function merge<T extends object>(base: T, overrides: Overrides<T>): T {
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined)
  return { ...base, ...Object.fromEntries(given) }
}
