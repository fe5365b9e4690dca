// The effective config as a config file in full form, with every default written out: what is read back is the same.
import { registry } from '../registry.ts'
import type {
  CircuitBreaker,
  Config,
  HealthCheckConfig,
  OutlierDetection,
  Retries,
  ServerConfig,
  ServerFeedback,
  StrategyConfig,
  UpstreamConfig,
} from './config.ts'
import { escapeReferences } from './environment.ts'
import type { FileConfig } from './schema.ts'
import { DURATION, formatAmount, SIZE } from './units.ts'
import { writtenOption } from './written-option.ts'

/** JSON text with a newline at the end. */
export function printConfig(config: Config): string {
  return `${layOut(fullForm(config), '')}\n`
}

function fullForm(config: Config): FileConfig {
  const { limits } = config
  return {
    listeners: config.listeners,
    routes: config.routes.map((route) => ({ ...route, priority_header: route.priority_header || 'off' })),
    upstreams: Object.fromEntries(config.upstreams.map((upstream) => [upstream.name, upstreamForm(upstream)])),
    timeouts: durations(config.timeouts),
    limits: {
      request_head_size: size(limits.request_head_size),
      request_target_length: size(limits.request_target_length),
      request_headers: limits.request_headers,
      request_body_size: size(limits.request_body_size),
      response_head_size: size(limits.response_head_size),
      client_connections: numberOrOff(limits.client_connections),
    },
    forwarding: config.forwarding,
    logging: config.logging,
    metrics: config.metrics.path === '' ? 'off' : config.metrics,
    zone: config.zone,
    workers: config.workers === 0 ? 'auto' : config.workers,
    shutdown_timeout: duration(config.shutdown_timeout),
  }
}

function upstreamForm(upstream: UpstreamConfig): NonNullable<FileConfig['upstreams']>[string] {
  const { idle_per_server, idle_timeout } = upstream.connections
  const { after } = upstream.hedging
  return {
    strategy: strategyForm(upstream.strategy),
    servers: upstream.servers.map(serverForm),
    max_active: numberOrOff(upstream.max_active),
    concurrency: upstream.concurrency,
    queue: { length: numberOrOff(upstream.queue.length), timeout: duration(upstream.queue.timeout) },
    shedding: upstream.shedding,
    health_check: upstream.health_check.kind === 'off' ? 'off' : healthCheckForm(upstream.health_check),
    passive_health: upstream.passive_health,
    failure_statuses: upstream.failure_statuses.map(statusForm),
    outlier_detection: upstream.outlier_detection === null ? 'off' : outlierForm(upstream.outlier_detection),
    circuit_breaker: upstream.circuit_breaker === null ? 'off' : breakerForm(upstream.circuit_breaker),
    server_feedback: feedbackForm(upstream.server_feedback),
    timeouts: durations(upstream.timeouts),
    retries: retriesForm(upstream.retries),
    hedging: { after: typeof after === 'number' ? duration(after) : `p${after.percentile}` },
    connections: { idle_per_server, idle_timeout: duration(idle_timeout) },
    slow_start: { ...upstream.slow_start, window: duration(upstream.slow_start.window) },
    overprovisioning: upstream.overprovisioning,
    panic_threshold: upstream.panic_threshold === 0 ? 'off' : upstream.panic_threshold,
  }
}

/** What only few servers have is left out where it says nothing: a line for each server is enough. */
function serverForm({ url, weight, max_active, priority, backup, zone }: ServerConfig) {
  return {
    url,
    weight,
    max_active: numberOrOff(max_active),
    ...(priority > 0 && { priority }),
    ...(backup && { backup }),
    ...(zone !== '' && { zone }),
  }
}

function numberOrOff(number: number): number | 'off' {
  return number === 0 ? 'off' : number
}

function retriesForm(retries: Retries) {
  return {
    ...retries,
    on: retries.on.map((condition) => (typeof condition === 'string' ? condition : statusForm(condition))),
    per_try_timeout: duration(retries.per_try_timeout),
    backoff_base: duration(retries.backoff_base),
    backoff_max: duration(retries.backoff_max),
    retry_after_max: duration(retries.retry_after_max),
  }
}

function strategyForm({ name, options }: StrategyConfig) {
  const rules = registry.strategies[name]?.options ?? {}
  const written = Object.entries(options).map(([option, value]) => {
    const rule = rules[option]
    return [option, rule === undefined ? value : writtenOption(rule, value)]
  })
  return written.length === 0 ? name : { name, ...Object.fromEntries(written) }
}

function healthCheckForm(check: HealthCheckConfig) {
  return {
    ...check,
    kind: check.kind === 'tcp' ? ('tcp' as const) : ('http' as const),
    interval: duration(check.interval),
    interval_down: duration(check.interval_down),
    timeout: duration(check.timeout),
    statuses: check.statuses.map(statusForm),
  }
}

function statusForm({ from, to }: { from: number; to: number }) {
  return from === to ? from : `${from}-${to}`
}

function outlierForm(detection: OutlierDetection) {
  return {
    ...detection,
    consecutive_failures: orOff(detection.consecutive_failures),
    consecutive_errors: orOff(detection.consecutive_errors),
    success_rate_factor: orOff(detection.success_rate_factor),
    failure_percentage: orOff(detection.failure_percentage),
    latency_factor: orOff(detection.latency_factor),
    interval: duration(detection.interval),
    latency_floor: duration(detection.latency_floor),
    base_time: duration(detection.base_time),
    max_time: duration(detection.max_time),
  }
}

function breakerForm(breaker: CircuitBreaker) {
  return {
    ...breaker,
    consecutive_failures: orOff(breaker.consecutive_failures),
    error_rate: orOff(breaker.error_rate),
    latency: duration(breaker.latency),
    window: duration(breaker.window),
    open_time: duration(breaker.open_time),
    max_open_time: duration(breaker.max_open_time),
  }
}

function feedbackForm(feedback: ServerFeedback) {
  return {
    ...feedback,
    orca_blackout: duration(feedback.orca_blackout),
    agent_port: orOff(feedback.agent_port),
    agent_interval: duration(feedback.agent_interval),
    agent_timeout: duration(feedback.agent_timeout),
    expiry: duration(feedback.expiry),
  }
}

function orOff(value: number): number | 'off' {
  return value === 0 ? 'off' : value
}

function durations<Key extends string>(values: { [K in Key]: number }): { [K in Key]: string } {
  const entries = Object.entries<number>(values).map(([key, value]) => [key, duration(value)])
  return Object.fromEntries(entries) as { [K in Key]: string }
}

function duration(millis: number): string {
  return formatAmount(DURATION, millis)
}

function size(bytes: number): string {
  return formatAmount(SIZE, bytes)
}

const WIDTH = 100

/** JSON in which every list and object that fits stands on one line. */
function layOut(value: unknown, indent: string): string {
  if (typeof value === 'string') return JSON.stringify(escapeReferences(value))
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  const inner = `${indent}  `
  const members = Object.entries(value).map(([key, member]) => {
    const text = layOut(member, inner)
    return Array.isArray(value) ? text : `${JSON.stringify(key)}: ${text}`
  })
  const oneLine = `${open}${members.join(', ')}${close}`
  if (indent !== '' && !oneLine.includes('\n') && indent.length + oneLine.length <= WIDTH) return oneLine
  return `${open}\n${inner}${members.join(`,\n${inner}`)}\n${indent}${close}`
}
