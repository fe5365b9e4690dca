// The options that a strategy takes, declared as rules in its own file. Validation, JSON Schema, docs and the types that
// `make` sees all come from these; a strategy itself never checks a value.

interface Rule<Kind extends string, Value> {
  readonly kind: Kind
  /** What the option does, for the docs: one sentence or two. */
  readonly summary: string
  readonly default: Value
}

interface Range {
  readonly min: number
  readonly max: number
}

/** The config may say `off`, which is 0. */
interface MayBeOff {
  readonly off?: boolean
}

export interface WholeRule extends Rule<'whole', number>, Range, MayBeOff {}
export interface NumberRule extends Rule<'number', number>, Range, MayBeOff {}
/** In milliseconds; the config says `"10s"`. */
export interface DurationRule extends Rule<'duration', number>, Range, MayBeOff {}
/** 0 to 1; the config may say `"20%"`. */
export interface ShareRule extends Rule<'share', number> {}
export interface FlagRule extends Rule<'flag', boolean> {}
export interface ChoiceRule<Word extends string = string> extends Rule<'choice', Word> {
  readonly choices: readonly Word[]
}
export interface TextRule extends Rule<'text', string> {
  /** What the text is: `hash key`. */
  readonly title: string
  /** A regular expression that the whole text matches. */
  readonly pattern: string
  readonly examples: readonly string[]
  /** What to write, for a text that does not match. */
  readonly hint: string
}

export type OptionRule = WholeRule | NumberRule | DurationRule | ShareRule | FlagRule | ChoiceRule | TextRule

export type OptionRules = Readonly<Record<string, OptionRule>>

/** The values that rules describe, every one of them there. */
export type OptionValues<Rules extends OptionRules> = {
  readonly [Name in keyof Rules]: Rules[Name] extends ChoiceRule<infer Word>
    ? Word
    : Rules[Name] extends { default: boolean }
      ? boolean
      : Rules[Name] extends { default: number }
        ? number
        : string
}

export function defaultOptions(rules: OptionRules): Record<string, unknown> {
  return Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, rule.default]))
}
