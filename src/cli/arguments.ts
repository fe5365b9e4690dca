// The words after a command's name, read with node:util parseArgs. Each reader checks the value it returns, so that a
// mistake is one line that names the option, the value and what would be right.
import { parseArgs } from 'node:util'
import { closest } from '../config/closest.ts'
import { wrongUse } from './cli-error.ts'
import type { Command, Option } from './command.ts'

type Values = Readonly<Record<string, string | boolean | undefined>>

/** Options that every command has. */
export const GENERAL_OPTIONS: Readonly<Record<string, Option>> = {
  help: { short: 'h', summary: 'show this help' },
  version: { short: 'v', summary: 'show the version' },
}

export class Arguments {
  readonly positionals: readonly string[]
  private readonly values: Values

  constructor(positionals: readonly string[], values: Values) {
    this.positionals = positionals
    this.values = values
  }

  has(option: string): boolean {
    return this.values[option] !== undefined
  }

  flag(option: string): boolean {
    return this.values[option] === true
  }

  text(option: string): string | undefined {
    const value = this.values[option]
    return typeof value === 'string' ? value : undefined
  }

  wholeNumber(option: string, from: number, to: number): number | undefined {
    const value = this.text(option)
    if (value === undefined) return undefined
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
    if (number >= from && number <= to) return number
    throw wrongUse(`--${option} takes a whole number from ${from} to ${to}, not "${value}".`)
  }

  oneOf<Name extends string>(option: string, names: readonly Name[]): Name | undefined {
    const value = this.text(option)
    if (value === undefined) return undefined
    const known = names.find((name) => name === value)
    if (known !== undefined) return known
    throw wrongUse(`--${option} takes ${listed(names)}, not "${value}".${didYouMean(value, names)}`)
  }

  /** Reads the value with `read`, which returns undefined when it cannot; `takes` says what would be right. */
  parsed<Value>(option: string, takes: string, read: (text: string) => Value | undefined): Value | undefined {
    const text = this.text(option)
    if (text === undefined) return undefined
    const value = read(text)
    if (value !== undefined) return value
    throw wrongUse(`--${option} takes ${takes}, not "${text}".`)
  }
}

/** Reads `words` by the options of `command`; throws CliError for the first word that does not fit. */
export function parseArguments(command: Command, words: readonly string[]): Arguments {
  const options = { ...command.options, ...GENERAL_OPTIONS }
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(Object.entries(options).map(([name, option]) => [name, forParseArgs(option)])),
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const positionals: string[] = []
  const values: Record<string, string | boolean> = {}
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (option === undefined) throw unknownOption(token.rawName, command, Object.keys(options))
    values[token.name] = optionValue(token, option)
  }
  return new Arguments(positionals, values)
}

interface OptionToken {
  name: string
  rawName: string
  value?: string | undefined
  inlineValue?: boolean | undefined
}

function optionValue(token: OptionToken, option: Option): string | boolean {
  if (option.value === undefined) {
    if (token.value === undefined) return true
    throw wrongUse(`${token.rawName} takes no value; write it without "=${token.value}".`)
  }
  // As in parseArgs' strict mode: `--port --strategy x` is a forgotten value, `--port=--strategy` is meant.
  const forgotten = token.value === undefined || (token.inlineValue === false && token.value.startsWith('-'))
  if (forgotten || token.value === '')
    throw wrongUse(`${token.rawName} needs a value: ${token.rawName} ${option.value}.`)
  return token.value ?? ''
}

function forParseArgs({ short, value }: Option): { type: 'string' | 'boolean'; short?: string } {
  return { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) }
}

function unknownOption(written: string, command: Command, known: readonly string[]): Error {
  const guess = didYouMean(
    written,
    known.map((name) => `--${name}`),
  )
  const help = ['octoload', command.name, '--help'].filter((word) => word !== '').join(' ')
  return wrongUse(`there is no option ${written}.${guess} Run "${help}" to see them all.`)
}

/** ` Did you mean check?`, to follow a sentence; empty when no candidate is close. */
export function didYouMean(written: string, candidates: readonly string[]): string {
  const guess = closest(written, candidates)
  return guess === null ? '' : ` Did you mean ${guess}?`
}

/** `a`, `a or b`, `a, b or c`. */
function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}
