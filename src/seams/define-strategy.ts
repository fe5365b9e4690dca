// Puts a strategy together from its parts, so that `make` sees its options with their types and defaults.
import { defaultOptions, type OptionRules, type OptionValues } from './options.ts'
import type { PickableServers, Picker, Strategy, StrategyTools } from './strategy.ts'

export interface StrategyParts<Rules extends OptionRules> extends Omit<Strategy, 'options' | 'make'> {
  readonly options: Rules
  make(servers: PickableServers, tools: StrategyTools, options: OptionValues<Rules>, before: Picker | null): Picker
}

/** What a config leaves out has its default, also where nobody has validated the options. */
export function defineStrategy<const Rules extends OptionRules>(parts: StrategyParts<Rules>): Strategy {
  const defaults = defaultOptions(parts.options)
  return {
    ...parts,
    make: (servers, tools, options, before) =>
      parts.make(servers, tools, { ...defaults, ...options } as OptionValues<Rules>, before),
  }
}
