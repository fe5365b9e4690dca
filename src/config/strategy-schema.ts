// How a strategy is written in the config, derived from what the strategies say of their options: a name, an object with
// `name` and options, or the same with a file in place of the name.
import { z } from 'zod'
import { registry } from '../registry.ts'
import { defaultOptions, type OptionRule, type OptionRules } from '../seams/options.ts'
import type { Strategy } from '../seams/strategy.ts'
import type { StrategyConfig } from './config.ts'
import { Mistake } from './mistake.ts'
import { quote } from './problem.ts'
import { isStrategyFile } from './strategy-file.ts'
import { duration, number, share, text, whole } from './values.ts'
import { writtenOption } from './written-option.ts'

const known = Object.values(registry.strategies)

const name = z.enum(known.map((one) => one.name) as [string, ...string[]])

const file = text(
  {
    title: 'strategy file',
    examples: ['./my-strategy.ts'],
    pattern: '^(\\.{0,2}/|[A-Za-z]:[\\\\/]).+\\.[cm]?[jt]s$',
  },
  (input) => (isStrategyFile(input) ? input : new Mistake(`${quote(input)} is not a strategy`, '')),
)

const nameKey = 'Name of the strategy.'

/** In the order in which a value is tried; `findings.ts` tells from it which form was meant. */
export const strategySchema = z
  .union([
    name.transform((input): StrategyConfig => ({ name: input, options: defaultOptions(rulesOf(input)) })),
    file.transform((input): StrategyConfig => ({ name: input, options: {} })),
    z.discriminatedUnion('name', known.map(objectFor) as [ReturnType<typeof objectFor>]),
    z
      .looseObject({ name: file.describe('File of a strategy of your own, relative to the config file.') })
      .transform(toConfig),
  ])
  .describe(
    'How a server is chosen for each request: a name, or an object with `name` and the options of the strategy. A file, such as `./my-strategy.ts`, is a strategy of your own.',
  )

function objectFor({ name: known, summary, options = {} }: Strategy) {
  return z
    .strictObject({ name: z.literal(known).describe(nameKey), ...optionShape(options) })
    .describe(summary)
    .transform(toConfig)
}

/** Checks the options of a strategy that is known only once its file was loaded. */
export function optionsSchema(rules: OptionRules) {
  return z.strictObject(optionShape(rules))
}

function toConfig({ name, ...options }: { name: string } & Record<string, unknown>): StrategyConfig {
  return { name, options }
}

function rulesOf(strategy: string): OptionRules {
  return registry.strategies[strategy]?.options ?? {}
}

function optionShape(rules: OptionRules): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(rules).map(([option, rule]) => [option, optionSchema(rule)]))
}

function optionSchema(rule: OptionRule): z.ZodType {
  const schema = withOff(rule, valueSchema(rule)).describe(rule.summary)
  // A default of zod is of the outcome; what is shown in docs and editors is what would be written.
  return schema
    .default(rule.default as never)
    .meta({ description: rule.summary, default: writtenOption(rule, rule.default) })
}

function valueSchema(rule: OptionRule): z.ZodType {
  switch (rule.kind) {
    case 'whole':
      return whole(rule.min, rule.max)
    case 'number':
      return number(rule.min, rule.max)
    case 'duration':
      return duration({ min: rule.min, max: rule.max, off: rule.off === true })
    case 'share':
      return share()
    case 'flag':
      return z.boolean()
    case 'choice':
      return z.enum(rule.choices as [string, ...string[]])
    case 'text': {
      const { title, examples, pattern, hint } = rule
      const whole = new RegExp(`^(?:${pattern})$`)
      return text({ title, examples: [...examples], pattern: `^(${pattern})$` }, (input) =>
        whole.test(input) ? input : new Mistake(`${quote(input)} is not a ${title}`, hint),
      )
    }
  }
}

/** Durations know `off` themselves. */
function withOff(rule: OptionRule, schema: z.ZodType): z.ZodType {
  if ((rule.kind !== 'whole' && rule.kind !== 'number') || rule.off !== true) return schema
  return z.union([schema, z.literal('off').transform(() => 0)])
}
