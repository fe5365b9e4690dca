// Strategies of people's own in a config that is valid otherwise: their files must load, and their options must be theirs.

import type { OptionRule, OptionRules } from '../seams/options.ts'
import { suggest } from './closest.ts'
import type { Config, StrategyConfig } from './config.ts'
import { loadStrategy, StrategyFileError } from './load-strategy.ts'
import { describeValue, type Finding, type Path, quote } from './problem.ts'
import { isStrategyFile } from './strategy-file.ts'
import { optionsSchema } from './strategy-schema.ts'
import { DURATION, rangeOf } from './units.ts'

/**
 * Loads every file that the config names as a strategy, and gives each upstream the `values` of its options. `file` is the
 * config as it was written, which says where a problem is.
 */
export async function checkStrategies(config: Config, file?: unknown): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const { name, strategy } of config.upstreams) {
    if (!isStrategyFile(strategy.name)) continue
    findings.push(...(await checkStrategy(strategy, placeOf(file, name))))
  }
  return findings
}

async function checkStrategy(strategy: StrategyConfig, place: { strategy: Path; name: Path }): Promise<Finding[]> {
  let rules: OptionRules
  try {
    rules = (await loadStrategy(strategy.name)).options ?? {}
  } catch (error) {
    if (!(error instanceof StrategyFileError)) throw error
    return [{ path: place.name, at: 'value', message: error.message, hint: error.hint }]
  }
  const result = optionsSchema(rules).safeParse(strategy.options)
  if (result.success) {
    strategy.values = result.data
    return []
  }
  return result.error.issues.flatMap((issue): Finding[] => {
    if (issue.code === 'unrecognized_keys') {
      const known = Object.keys(rules)
      const hint = (key: string) => (known.length === 0 ? 'the strategy has no options' : suggest(key, known))
      return issue.keys.map((key) => {
        return { path: [...place.strategy, key], at: 'key', message: 'unknown key', hint: hint(key) }
      })
    }
    const option = String(issue.path[0])
    const at = { path: [...place.strategy, option], at: 'value' as const }
    const hint = issue.code === 'custom' ? issue.params?.hint : ''
    if (issue.code === 'custom') return [{ ...at, message: issue.message, hint: typeof hint === 'string' ? hint : '' }]
    const expected = expectation(rules[option]!)
    return [{ ...at, message: `expected ${expected}, got ${describeValue(strategy.options[option])}`, hint: '' }]
  })
}

function expectation(rule: OptionRule): string {
  const off = 'off' in rule && rule.off === true ? ' or "off"' : ''
  switch (rule.kind) {
    case 'whole':
      return `a whole number from ${rule.min} to ${rule.max}${off}`
    case 'number':
      return `a number from ${rule.min} to ${rule.max}${off}`
    case 'duration':
      return `a duration ${rangeOf(DURATION, { min: rule.min, max: rule.max, off: false })}${off}`
    case 'share':
      return 'a number from 0 to 1, or a percentage'
    case 'flag':
      return 'true or false'
    case 'choice':
      return rule.choices.map(quote).join(' or ')
    case 'text':
      return `a ${rule.title}`
  }
}

/** Where the strategy of an upstream stands in the config, and where its name does. */
function placeOf(file: unknown, upstream: string): { strategy: Path; name: Path } {
  const short = (file as { upstreams?: unknown } | undefined)?.upstreams === undefined && file !== undefined
  const strategy = short ? ['load_balancer', 'strategy'] : ['upstreams', upstream, 'strategy']
  let value = file
  for (const part of strategy) value = (value as Record<string, unknown> | undefined)?.[part]
  return { strategy, name: typeof value === 'object' ? [...strategy, 'name'] : strategy }
}
