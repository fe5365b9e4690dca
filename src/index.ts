// octoload as a library.
import type { FileConfig } from './config/schema.ts'

export type { Config } from './config/config.ts'
export { ConfigError, type ConfigProblem } from './config/problem.ts'
export type { FileConfig } from './config/schema.ts'
export {
  type BoundListener,
  createLoadBalancer,
  type HealthEvent,
  type LoadBalancer,
  type LoadBalancerEvents,
  type LoadBalancerOptions,
} from './control/load-balancer.ts'
export type { BreakerEvent, EjectionEvent } from './control/sick-servers.ts'
export type { Snapshot } from './observe/snapshot.ts'
export { defineStrategy, type StrategyParts } from './seams/define-strategy.ts'
export type { OptionRule, OptionRules, OptionValues } from './seams/options.ts'
export {
  type AttemptResult,
  type KeySource,
  NONE,
  OUTCOME,
  type Outcome,
  type PickableServers,
  type PickExchange,
  type Picker,
  type ProbeAnswer,
  type Strategy,
  type StrategyTools,
  type Turn,
} from './seams/strategy.ts'

/** Gives a config object its types in editors, and returns it as it is. */
export function defineConfig(config: FileConfig): FileConfig {
  return config
}
