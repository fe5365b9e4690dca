// The value of a strategy's option as a config says it.
import type { OptionRule } from '../seams/options.ts'
import { DURATION, formatAmount } from './units.ts'

export function writtenOption(rule: OptionRule, value: unknown): unknown {
  if (rule.kind === 'duration') return formatAmount(DURATION, value as number)
  const isOff = value === 0 && (rule.kind === 'whole' || rule.kind === 'number') && rule.off === true
  return isOff ? 'off' : value
}
