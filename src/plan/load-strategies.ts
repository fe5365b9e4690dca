// Loads the strategies of people's own that a config names, in the thread that is to run them.
import type { Config } from '../config/config.ts'
import { loadStrategy } from '../config/load-strategy.ts'
import { isStrategyFile } from '../config/strategy-file.ts'
import type { Strategy } from '../seams/strategy.ts'

/** By file: the strategy, or why there is none. */
export type LoadedStrategies = ReadonlyMap<string, Strategy | string>

export function namesFiles(config: Config): boolean {
  return config.upstreams.some(({ strategy }) => isStrategyFile(strategy.name))
}

export async function loadStrategies(config: Config): Promise<LoadedStrategies> {
  const files = new Set(config.upstreams.map(({ strategy }) => strategy.name).filter(isStrategyFile))
  const loaded = new Map<string, Strategy | string>()
  for (const file of files) {
    try {
      loaded.set(file, await loadStrategy(file))
    } catch (error) {
      loaded.set(file, (error as Error).message)
    }
  }
  return loaded
}
