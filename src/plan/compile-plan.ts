// Config → Plan: pure and deterministic.
import type { Config, RouteConfig, UpstreamConfig } from '../config/config.ts'
import { registry } from '../registry.ts'
import { HIGH, PRIORITIES, type Priority } from '../seams/priority.ts'
import { DEFAULT_STRATEGY } from '../seams/strategy.ts'
import type { LoadedStrategies } from './load-strategies.ts'
import { isGated, isLimited, type Plan, type Slots, serverKey, type UpstreamPlan } from './plan.ts'

/**
 * Compiles an effective config. Throws when it names what does not exist, which a checked config never does. `loaded` has the
 * strategies that come from files; where one could not be loaded the default one takes its place.
 */
export function compilePlan(config: Config, slots: Slots, generation: number, loaded?: LoadedStrategies): Plan {
  const upstreams = config.upstreams.map((upstream) => compileUpstream(upstream, slots, config, loaded))
  const routes = config.routes.map((route) => {
    const upstream = upstreams.find((candidate) => candidate.name === route.upstream)
    if (upstream === undefined) throw new Error(`route ${route.name} leads to the unknown upstream ${route.upstream}`)
    const priority = PRIORITIES.indexOf(route.priority) as Priority
    return { name: route.name, match: route.match, upstream, priority, priorityHeader: route.priority_header }
  })
  return {
    generation,
    listeners: config.listeners,
    routes,
    upstreams,
    timeouts: config.timeouts,
    limits: config.limits,
    forwarding: config.forwarding,
    logging: config.logging,
    metricsPath: config.metrics.path,
  }
}

function compileUpstream(
  upstream: UpstreamConfig,
  slots: Slots,
  { routes, zone }: Config,
  loaded?: LoadedStrategies,
): UpstreamPlan {
  const own = loaded?.get(upstream.strategy.name)
  const standard = registry.strategies[DEFAULT_STRATEGY]!
  const strategy = own === undefined ? registry.strategies[upstream.strategy.name] : own
  if (strategy === undefined) throw new Error(`upstream ${upstream.name} has no known strategy`)
  const failed = typeof strategy === 'string'
  return {
    name: upstream.name,
    turn: slots.turns[upstream.name]!,
    strategy: failed ? standard : strategy,
    strategyOptions: failed ? {} : (upstream.strategy.values ?? upstream.strategy.options),
    fallback: own === undefined || failed ? null : standard,
    strategyFailure: failed ? strategy : '',
    servers: upstream.servers.map((server) => ({
      slot: slots.servers[serverKey(upstream.name, server.url)]!,
      url: server.url,
      host: server.host,
      port: server.port,
      weight: server.weight,
      maxActive: server.max_active,
      priority: server.priority,
      backup: server.backup,
      zone: server.zone,
      upstream: upstream.name,
    })),
    limited: isLimited(upstream),
    gated: isGated(upstream),
    maxActive: upstream.max_active,
    adaptive: upstream.concurrency === 'adaptive',
    queue: upstream.queue,
    shares: sharesOf(upstream, routes),
    timeouts: upstream.timeouts,
    retries: upstream.retries,
    hedging: upstream.hedging,
    connections: upstream.connections,
    slow_start: upstream.slow_start,
    tiers: { overprovisioning: upstream.overprovisioning, panic: upstream.panic_threshold, zone },
    probePath: upstream.health_check.kind === 'http' ? upstream.health_check.path : '/',
    connectFailures: upstream.passive_health.connect_failures,
    failureStatuses: compileStatuses(upstream.failure_statuses),
    outliers: upstream.outlier_detection,
    breaker: upstream.circuit_breaker,
    feedback: upstream.server_feedback,
  }
}

/** The highest priority that occurs may take all; so where there is but one, nothing is kept for others. */
function sharesOf({ name, shedding }: UpstreamConfig, routes: readonly RouteConfig[]): number[] {
  const highest = Math.min(
    ...routes
      .filter((route) => route.upstream === name)
      .map((route) => (route.priority_header === '' ? PRIORITIES.indexOf(route.priority) : HIGH)),
  )
  const { normal_share, low_share } = shedding
  return [1, normal_share, Math.min(low_share, normal_share)].map((share, priority) =>
    priority <= highest ? 1 : share,
  )
}

function compileStatuses(ranges: UpstreamConfig['failure_statuses']): Uint8Array {
  const statuses = new Uint8Array(600)
  for (const { from, to } of ranges) statuses.fill(1, from, to + 1)
  return statuses
}
