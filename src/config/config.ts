// The effective config: the full form with every default filled in. Durations are milliseconds, sizes bytes; 0 means off.
// Everything in it survives structured cloning, for it travels to the workers as it is.
import type { PriorityName } from '../seams/priority.ts'

export interface Config {
  listeners: ListenerConfig[]
  routes: RouteConfig[]
  upstreams: UpstreamConfig[]
  timeouts: ClientTimeouts
  limits: Limits
  forwarding: Forwarding
  logging: Logging
  metrics: MetricsConfig
  /** Where this balancer stands; empty: nowhere in particular. */
  zone: string
  workers: number
  shutdown_timeout: number
}

export interface ListenerConfig {
  name: string
  /** IP address, or `*` for every address (IPv6 and IPv4). */
  address: string
  /** 0 to 65535; 0 takes any free port. */
  port: number
}

export interface RouteConfig {
  name: string
  match: {
    /** Exact names or `*.example.com`; empty matches every host. Lower case, no port. */
    hosts: string[]
    /** Starts with `/`; matches whole path segments: `/api` matches `/api` and `/api/x`, not `/apix`. */
    path_prefix: string
    /** Upper-case; empty matches every method. */
    methods: string[]
  }
  upstream: string
  priority: PriorityName
  /** Request header that overrules it, in lower case; empty: none. */
  priority_header: string
}

export interface UpstreamConfig {
  name: string
  strategy: StrategyConfig
  servers: ServerConfig[]
  /** Most exchanges under way at a time, over all workers; 0: any number. */
  max_active: number
  /** `adaptive`: the number follows what the servers can do, and never passes `max_active`. */
  concurrency: 'fixed' | 'adaptive'
  queue: Queue
  shedding: Shedding
  health_check: HealthCheckConfig
  passive_health: PassiveHealth
  /** Inclusive ranges of the statuses that count as a failure of the server. */
  failure_statuses: { from: number; to: number }[]
  /** null: off. */
  outlier_detection: OutlierDetection | null
  /** null: off. */
  circuit_breaker: CircuitBreaker | null
  server_feedback: ServerFeedback
  timeouts: ServerTimeouts
  retries: Retries
  hedging: Hedging
  connections: Connections
  slow_start: SlowStart
  /** How much more than its share the healthy part of a level is thought to bear; at least 1. */
  overprovisioning: number
  /** Share of healthy servers below which all are used, 0 to 1. */
  panic_threshold: number
}

export interface SlowStart {
  /** 0: off. */
  window: number
  /** Share of the weight at the beginning, 0 to 1. */
  min_weight: number
  aggression: number
}

export interface StrategyConfig {
  /** Of a strategy of people's own the absolute path of its file. */
  name: string
  /** Of a strategy of people's own as they were written. */
  options: Record<string, unknown>
  /** Of a strategy of people's own: the options as it takes them, once its file was loaded. */
  values?: Record<string, unknown>
}

export interface ServerConfig {
  /** As written, without a trailing slash: `http://localhost:8001`. The server's identity in logs and metrics. */
  url: string
  host: string
  port: number
  /** 1 to 1000. */
  weight: number
  /** Most exchanges in flight at a time, over all workers; 0: any number. */
  max_active: number
  /** Level: 0 comes first. */
  priority: number
  /** Used only when no other server is healthy or has a place left. */
  backup: boolean
  /** Empty: nowhere in particular. */
  zone: string
}

export interface HealthCheckConfig {
  kind: 'http' | 'tcp' | 'off'
  interval: number
  /** Interval while the server is down; never longer than `interval`. */
  interval_down: number
  timeout: number
  /** Share of the interval by which each wait is varied at random, 0 to 1. */
  jitter: number
  /** Successes in a row that bring a server up. */
  rise: number
  /** Failures in a row that take a server down. */
  fall: number
  /** What a server counts as before its first check has answered. */
  initial: 'up' | 'down'
  method: string
  path: string
  headers: Record<string, string>
  /** Port to probe in place of the server's own; 0 means the server's own. */
  port: number
  /** Inclusive ranges of accepted statuses. */
  statuses: { from: number; to: number }[]
  /** Text that the first 64 KiB of the body must contain; empty means any body. */
  body_contains: string
}

export interface PassiveHealth {
  /** Connect failures in a row that take a server down until a check succeeds; 0 turns it off. */
  connect_failures: number
}

/** Servers that do worse than the others, and how long they are left out. Numbers of 0 turn a rule off. */
export interface OutlierDetection {
  /** Attempts in a row without a usable answer. */
  consecutive_failures: number
  /** Failed attempts in a row, error statuses included. */
  consecutive_errors: number
  interval: number
  min_requests: number
  min_servers: number
  /** Standard deviations below the mean of all success rates. */
  success_rate_factor: number
  /** Share of attempts that failed, 0 to 1. */
  failure_percentage: number
  /** Times the median latency of the others. */
  latency_factor: number
  /** Median latency that is never too long. */
  latency_floor: number
  base_time: number
  max_time: number
  /** Share by which each ejection is lengthened at random, 0 to 1. */
  jitter: number
  /** Share of the servers that may be ejected at a time, 0 to 1. */
  max_ejected: number
}

/** When a server is left alone, and how it is tried again. Numbers of 0 turn a rule off. */
export interface CircuitBreaker {
  consecutive_failures: number
  /** Share of attempts within the window that failed, 0 to 1. */
  error_rate: number
  /** Longest time to the head of a response that the quantile may have. */
  latency: number
  latency_quantile: number
  window: number
  min_requests: number
  open_time: number
  max_open_time: number
  trials: number
}

/** What servers may say about themselves. */
export interface ServerFeedback {
  headers: boolean
  /** Load reports in responses (ORCA). */
  orca: boolean
  orca_error_penalty: number
  orca_blackout: number
  /** Port of the agent; 0: off. */
  agent_port: number
  agent_interval: number
  agent_timeout: number
  /** What is sent to the agent first; may be empty. */
  agent_send: string
  /** How long what was said holds. */
  expiry: number
}

export interface ServerTimeouts {
  connect: number
  response_head: number
  body_idle: number
  exchange: number
  tunnel_idle: number
}

export interface ClientTimeouts {
  client_head: number
  client_body_idle: number
  keep_alive_idle: number
}

/** What a request may be sent again for; a range of statuses is inclusive. */
export type RetryCondition = 'connect_failure' | 'reset' | 'timeout' | { from: number; to: number }

export interface Retries {
  /** Further attempts after the first one. */
  attempts: number
  on: RetryCondition[]
  /** Also requests that may be executed twice: POST, PATCH and unknown methods. */
  non_idempotent: boolean
  /** From the choice of a server to the head of its response. */
  per_try_timeout: number
  backoff_base: number
  backoff_max: number
  /** Longest Retry-After that is waited for; 0: a response with one is passed on. */
  retry_after_max: number
  /** Share of requests over the last 10 s that may be retries, 0 to 1. */
  budget_ratio: number
  /** Retries per second that are always allowed. */
  budget_min_per_second: number
}

export interface Queue {
  /** Most exchanges that wait, over all workers; 0: none waits. */
  length: number
  /** Longest wait. */
  timeout: number
}

/** Shares of the places and of the queue, 0 to 1, where there are higher priorities. */
export interface Shedding {
  normal_share: number
  low_share: number
}

export interface Hedging {
  /** Milliseconds, or a percentile of what the route takes to a response head: 50 to 99.9. */
  after: number | { percentile: number }
}

export interface Connections {
  /** Idle connections kept per server and worker. */
  idle_per_server: number
  idle_timeout: number
}

export interface Limits {
  request_head_size: number
  request_target_length: number
  request_headers: number
  request_body_size: number
  response_head_size: number
  client_connections: number
}

export interface Forwarding {
  /** Addresses and CIDR blocks whose forwarding headers are believed and extended. */
  trusted_proxies: string[]
  /** Sets X-Forwarded-For, -Proto and -Host. */
  x_forwarded: boolean
  /** Sets Forwarded (RFC 7239). */
  forwarded: boolean
  /** Adds Via to requests. */
  via: boolean
}

export interface Logging {
  format: 'text' | 'json'
  level: 'debug' | 'info' | 'warn' | 'error' | 'off'
  /** One line for each choice of a server. */
  selection: boolean
  /** One line for each finished exchange. */
  access: boolean
}

export interface MetricsConfig {
  /** Empty turns the endpoint off. */
  path: string
}
