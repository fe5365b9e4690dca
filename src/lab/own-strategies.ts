// Strategies of people's own in the laboratory: loaded from their files and checked as those of a config are.
import { resolve } from 'node:path'
import { loadConfigStrategies, normaliseConfig } from '../config/load.ts'
import { isStrategyFile } from '../config/strategy-file.ts'
import { loadStrategies } from '../plan/load-strategies.ts'
import type { Strategy } from '../seams/strategy.ts'
import type { StrategyChoice } from './scenario.ts'

export interface OwnStrategy {
  /** Or why there is none. */
  readonly strategy: Strategy | string
  /** Its options, as it takes them. */
  readonly values: Record<string, unknown>
}

/** By the choice that names it. */
export type OwnStrategies = ReadonlyMap<StrategyChoice, OwnStrategy>

/** Loads those of the choices that are files; rejects with a ConfigError when one cannot be used. */
export async function loadOwnStrategies(choices: readonly StrategyChoice[]): Promise<OwnStrategies> {
  const loaded = new Map<StrategyChoice, OwnStrategy>()
  for (const choice of choices) {
    const name = typeof choice === 'string' ? choice : choice.name
    if (!isStrategyFile(name)) continue
    const config = normaliseConfig({ upstreams: { lab: { strategy: choice, servers: ['http://10.0.0.1:80'] } } })
    await loadConfigStrategies(config)
    const strategy = (await loadStrategies(config)).get(resolve(name))!
    loaded.set(choice, { strategy, values: config.upstreams[0]!.strategy.values ?? {} })
  }
  return loaded
}
