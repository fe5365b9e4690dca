// Loads a strategy from a file of people's own, and looks whether it is one. Workers do this too: no zod here.
import { stat } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import type { OptionRule } from '../seams/options.ts'
import type { Strategy } from '../seams/strategy.ts'

/** A file that waits for something at its top would hold up the start for ever. */
const LONGEST_LOAD_MS = 10_000

/** What every strategy has, with its type. */
const MEMBERS = { name: 'string', title: 'string', summary: 'string', showsLoad: 'boolean', make: 'function' } as const

const RULE_KINDS: readonly OptionRule['kind'][] = ['whole', 'number', 'duration', 'share', 'flag', 'choice', 'text']

/** What is wrong with the file, and what to do about it. */
export class StrategyFileError extends Error {
  readonly hint: string

  constructor(message: string, hint: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'StrategyFileError'
    this.hint = hint
  }
}

/** Takes an absolute path; rejects with a StrategyFileError. A file that was changed since is loaded anew. */
export async function loadStrategy(file: string): Promise<Strategy> {
  const exported = await importFile(file, await changedAt(file))
  const distinct = strategiesAmong([...new Set(Object.values(exported))])
  if (distinct.length === 0) {
    throw new StrategyFileError(
      `${file} exports no strategy: no object with ${listed(Object.keys(MEMBERS).map((member) => `\`${member}\``))}`,
      '',
    )
  }
  if (distinct.length > 1) {
    throw new StrategyFileError(
      `${file} exports ${distinct.length} strategies`,
      'export one; others go into other files',
    )
  }
  const strategy = distinct[0]!
  const flaw = flawOf(strategy)
  if (flaw !== null) throw new StrategyFileError(`the strategy in ${file} ${flaw}`, '')
  return strategy
}

async function changedAt(file: string): Promise<number> {
  try {
    return (await stat(file)).mtimeMs
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') {
      throw new StrategyFileError(`there is no file ${file}`, 'the path is relative to the config file', cause)
    }
    throw new StrategyFileError(`${file} cannot be read: ${(cause as Error).message}`, '', cause)
  }
}

async function importFile(file: string, changed: number): Promise<Record<string, unknown>> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new StrategyFileError(`${file} did not finish loading within ${LONGEST_LOAD_MS / 1000} s`, '')),
      LONGEST_LOAD_MS,
    )
  })
  try {
    const loading = import(`${pathToFileURL(file).href}?changed=${changed}`)
    return (await Promise.race([loading, tooLong])) as Record<string, unknown>
  } catch (cause) {
    if (cause instanceof StrategyFileError) throw cause
    throw new StrategyFileError(`${file} cannot be loaded: ${describe(cause)}`, '', cause)
  } finally {
    clearTimeout(timer)
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.split('\n')[0]}` : `it threw ${String(error)}`
}

/** The exports that are meant to be strategies; whether they are sound ones is another question. */
function strategiesAmong(values: readonly unknown[]): Strategy[] {
  const objects = values.filter((value) => typeof value === 'object' && value !== null) as Strategy[]
  const making = objects.filter((value) => 'make' in value)
  if (making.length > 0) return making
  // Without `make`: what has another of the members lacks it.
  return objects.filter((value) => Object.keys(MEMBERS).some((member) => member in value))
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join() : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

/** What is wrong with a strategy, as the end of a sentence; null when nothing is. */
function flawOf(strategy: Strategy): string | null {
  const missing = Object.entries(MEMBERS).filter(([member, type]) => typeof strategy[member as keyof Strategy] !== type)
  if (missing.length > 0) return `has ${listed(missing.map(([member, type]) => `no ${type} \`${member}\``))}`
  const { options } = strategy
  if (options === undefined) return null
  if (typeof options !== 'object' || options === null) return 'has `options` that are not an object'
  for (const [option, rule] of Object.entries(options)) {
    const known = typeof rule === 'object' && rule !== null && RULE_KINDS.includes(rule.kind)
    if (!known) return `has an option \`${option}\` whose kind is none of ${RULE_KINDS.join(', ')}`
    const flaw = flawOfRule(rule)
    if (flaw !== null) return `has an option \`${option}\` ${flaw}`
  }
  return null
}

function flawOfRule(rule: OptionRule): string | null {
  if (rule.default === undefined) return 'without a default'
  if (typeof rule.summary !== 'string') return 'without a summary'
  const hasRange = rule.kind === 'whole' || rule.kind === 'number' || rule.kind === 'duration'
  if (hasRange && !(rule.min <= rule.max)) return 'without `min` and `max`'
  if (rule.kind === 'choice' && !(Array.isArray(rule.choices) && rule.choices.length > 0)) return 'without `choices`'
  if (rule.kind === 'text' && typeof rule.pattern !== 'string') return 'without a pattern'
  return null
}
