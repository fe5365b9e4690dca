// From a scenario to the plans that its balancers work by, through the product's own schema and compiler: whatever the
// config can say about an upstream, a scenario can say too.
import type { HealthCheckConfig, ServerConfig, UpstreamConfig } from '../config/config.ts'
import { normaliseConfig } from '../config/load.ts'
import { compilePlan } from '../plan/compile-plan.ts'
import { serverKey, type UpstreamPlan } from '../plan/plan.ts'
import type { OwnStrategy } from './own-strategies.ts'
import type { Scenario, StrategyChoice, UpstreamKeys } from './scenario.ts'
import { serverCount } from './scenario.ts'

const NAME = 'lab'

export interface BalancerPlan {
  readonly plan: UpstreamPlan
  readonly check: HealthCheckConfig
  /** Numbers of the servers that it knows, in the order of the plan, from 1. */
  readonly servers: readonly number[]
}

/** Throws a ConfigError when the keys are not valid. */
export function upstreamConfig(keys: UpstreamKeys, strategy?: StrategyChoice): UpstreamConfig {
  const upstream = { ...keys, ...(strategy === undefined ? {} : { strategy }), servers: ['http://10.0.0.1:80'] }
  return normaliseConfig({ upstreams: { [NAME]: upstream } }).upstreams[0]!
}

/** A plan for each balancer. `own`: where the strategy is a file. */
export function balancerPlans(scenario: Scenario, strategy: StrategyChoice, own?: OwnStrategy): BalancerPlan[] {
  const config = upstreamConfig(scenario.upstream, strategy)
  if (own !== undefined) config.strategy.values = own.values
  const servers = serverConfigs(scenario)
  // Balancers stand in the zones in turn.
  const zones = [...new Set(scenario.servers.map(({ zone }) => zone))]
  return Array.from({ length: scenario.balancers }, (_, balancer) => {
    const numbers = subsetOf(serverCount(scenario), scenario.subset, balancer)
    const known = numbers.map((number) => servers[number - 1]!)
    return {
      plan: planOf({ ...config, servers: known }, zones[balancer % zones.length] ?? '', own),
      check: config.health_check,
      servers: numbers,
    }
  })
}

function planOf(upstream: UpstreamConfig, zone: string, own?: OwnStrategy): UpstreamPlan {
  const whole = normaliseConfig({ upstreams: { [NAME]: { servers: ['http://10.0.0.1:80'] } } })
  const slots = Object.fromEntries(upstream.servers.map(({ url }, slot) => [serverKey(NAME, url), slot]))
  const loaded = own === undefined ? undefined : new Map([[upstream.strategy.name, own.strategy]])
  const config = { ...whole, zone, upstreams: [upstream] }
  return compilePlan(config, { servers: slots, turns: { [NAME]: 0 } }, 1, loaded).upstreams[0]!
}

function serverConfigs(scenario: Scenario): ServerConfig[] {
  return scenario.servers
    .flatMap((group) => new Array<typeof group>(group.count).fill(group))
    .map(({ weight, maxActive, priority, backup, zone }, index) => {
      const host = addressOf(index + 1)
      return { url: `http://${host}:80`, host, port: 80, weight, max_active: maxActive, priority, backup, zone }
    })
}

function addressOf(number: number): string {
  return `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`
}

/**
 * The servers that a balancer knows when each knows `size` of them: deterministic subsetting as in "Site Reliability
 * Engineering" (Beyer et al. 2016, chapter 20), without the shuffle, so each server is known to equally many balancers.
 */
function subsetOf(count: number, size: number, balancer: number): number[] {
  const all = Array.from({ length: count }, (_, index) => index + 1)
  if (size === 0 || size >= count) return all
  return Array.from({ length: size }, (_, index) => ((balancer * size + index) % count) + 1).sort((a, b) => a - b)
}
