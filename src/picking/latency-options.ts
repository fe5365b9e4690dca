// The options that all strategies have which look at latency.
import type { ChoiceRule, DurationRule } from '../seams/options.ts'

export const measureOption: ChoiceRule<'head' | 'last_byte'> = {
  kind: 'choice',
  choices: ['head', 'last_byte'],
  default: 'head',
  summary: 'What counts as the time of an exchange: until the head of the response, or until its last byte.',
}

export const decayOption: DurationRule = {
  kind: 'duration',
  min: 100,
  max: 3_600_000,
  default: 10_000,
  summary: 'Time after which an estimate that nothing refreshes counts 37 %.',
}
