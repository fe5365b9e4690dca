// Config → Plan: pure and deterministic.
import type { Config, UpstreamConfig } from '../config/config.ts'
import { registry } from '../registry.ts'
import { type Plan, type Slots, serverKey, type UpstreamPlan } from './plan.ts'

/** Compiles an effective config. Throws when it names what does not exist, which a checked config never does. */
export function compilePlan(config: Config, slots: Slots, generation: number): Plan {
  const upstreams = config.upstreams.map((upstream) => compileUpstream(upstream, slots, config.zone))
  const routes = config.routes.map((route) => {
    const upstream = upstreams.find((candidate) => candidate.name === route.upstream)
    if (upstream === undefined) throw new Error(`route ${route.name} leads to the unknown upstream ${route.upstream}`)
    return { name: route.name, match: route.match, upstream }
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

function compileUpstream(upstream: UpstreamConfig, slots: Slots, zone: string): UpstreamPlan {
  const strategy = registry.strategies[upstream.strategy.name]
  if (strategy === undefined) throw new Error(`upstream ${upstream.name} has no known strategy`)
  return {
    name: upstream.name,
    turn: slots.turns[upstream.name]!,
    strategy,
    strategyOptions: upstream.strategy.options,
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
    limited: upstream.servers.some((server) => server.max_active > 0),
    timeouts: upstream.timeouts,
    retries: upstream.retries,
    hedging: upstream.hedging,
    connections: upstream.connections,
    slow_start: upstream.slow_start,
    tiers: { overprovisioning: upstream.overprovisioning, panic: upstream.panic_threshold, zone },
    connectFailures: upstream.passive_health.connect_failures,
    failureStatuses: compileStatuses(upstream.failure_statuses),
    outliers: upstream.outlier_detection,
    breaker: upstream.circuit_breaker,
    feedback: upstream.server_feedback,
  }
}

function compileStatuses(ranges: UpstreamConfig['failure_statuses']): Uint8Array {
  const statuses = new Uint8Array(600)
  for (const { from, to } of ranges) statuses.fill(1, from, to + 1)
  return statuses
}
