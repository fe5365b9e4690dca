// From what zod found to findings for people: what was expected, what is there, what to write.
import type { z } from 'zod'
import { closest, suggest } from './closest.ts'
import { alternatives, type JsonSchema, keysAt, placesOf, schemasAt } from './json-schema.ts'
import { describeValue, type Finding, formatPath, type Path, quote } from './problem.ts'
import { DURATION, formatAmount, SIZE } from './units.ts'

type Issue = z.core.$ZodIssue

export function findingsOf(issues: readonly Issue[], value: unknown): Finding[] {
  return issues.flatMap((issue) => findingsOfIssue(issue, issue.path as Path, value))
}

function findingsOfIssue(issue: Issue, path: Path, root: unknown): Finding[] {
  const value = valueAt(root, path)
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, root))
  if (issue.code === 'invalid_union') {
    // No kind has this word, by which kinds are told apart.
    if (issue.errors.length === 0) return [unknownWord(path, value, wordsAt(path), root)]
    const branch = issue.errors.find((issues) => !issues.some((inner) => isOtherKind(inner, value)))
    if (branch === undefined) return [wrongKind(path, value, root)]
    return branch.flatMap((inner) => findingsOfIssue(inner, [...path, ...(inner.path as Path)], root))
  }
  if (issue.code === 'invalid_type') return [wrongKind(path, value, root)]
  if (issue.code === 'invalid_value') return [unknownWord(path, value, issue.values, root)]
  if (issue.code === 'too_small' || issue.code === 'too_big') return [outOfRange(path, value, root)]
  const hint = issue.code === 'custom' ? issue.params?.hint : ''
  return [{ path, at: 'value', message: issue.message, hint: typeof hint === 'string' ? hint : '' }]
}

/** Whether an issue of one branch of a union says no more than that another branch is meant. */
function isOtherKind(issue: Issue, value: unknown): boolean {
  if (issue.path.length > 0) return false
  if (issue.code === 'invalid_type') return true
  return issue.code === 'invalid_value' && typeof issue.values[0] !== typeof value
}

function wrongKind(path: Path, value: unknown, root: unknown): Finding {
  const nodes = schemasAt(path, root)
  const expected = anyOf(nodes)
  if (value === undefined && path.length > 0 && !hasKey(root, path)) {
    const example = nodes[0] === undefined ? undefined : exampleOf(nodes[0])
    const hint = example === undefined ? '' : `add ${JSON.stringify(path.at(-1))}: ${JSON.stringify(example)}`
    return { path, at: 'value', message: `is missing; expected ${expected}`, hint }
  }
  const message = `expected ${expected}, got ${describeValue(value)}`
  return { path, at: 'value', message, hint: kindHint(nodes.flatMap(alternatives), value) }
}

/** What is allowed, in words: `a whole number from 0 to 65535`, `a duration such as "30s" or "off"`. */
function expectation(node: JsonSchema): string {
  if (node.title !== undefined) {
    const examples = (node.examples ?? []).map((example) => JSON.stringify(example)).join(' or ')
    return `${/^[aeio]/i.test(node.title) ? 'an' : 'a'} ${node.title} such as ${examples}`
  }
  if (node.anyOf !== undefined) return anyOf(node.anyOf)
  if (node.const !== undefined) return JSON.stringify(node.const)
  if (node.enum !== undefined) return node.enum.map((word) => JSON.stringify(word)).join(' or ')
  if (node.type === 'integer') return `a whole number${rangeOf(node)}`
  if (node.type === 'number') return `a number${rangeOf(node)}`
  if (node.type === 'boolean') return 'true or false'
  if (node.type === 'array') return 'a list'
  if (node.type === 'object') return 'an object'
  return 'a string'
}

function anyOf(nodes: readonly JsonSchema[]): string {
  return [...new Set(nodes.map(expectation))].join(' or ')
}

/** The fixed words that may stand at a place. */
function wordsAt(path: Path): unknown[] {
  return schemasAt(path).flatMap((node) => (node.const === undefined ? [] : [node.const]))
}

function rangeOf({ minimum, maximum }: JsonSchema): string {
  return minimum === undefined || maximum === undefined ? '' : ` from ${minimum} to ${maximum}`
}

function exampleOf(node: JsonSchema): unknown {
  if (node.examples !== undefined) return node.examples[0]
  if (node.enum !== undefined) return node.enum[0]
  if (node.const !== undefined) return node.const
  if (node.anyOf?.[0] !== undefined) return exampleOf(node.anyOf[0])
  if (node.type === 'array' && node.items !== undefined) {
    const item = exampleOf(node.items)
    return item === undefined ? undefined : [item]
  }
  return undefined
}

function kindHint(nodes: readonly JsonSchema[], value: unknown): string {
  const types = nodes.map((node) => node.type)
  if (typeof value === 'string') {
    const isNumber = value.trim() !== '' && !Number.isNaN(Number(value))
    if (isNumber && (types.includes('integer') || types.includes('number'))) return 'remove the quotes'
    if ((value === 'true' || value === 'false') && types.includes('boolean')) return 'remove the quotes'
  }
  const canBeOff = nodes.some((node) => node.const === 'off' || node.examples?.includes('off'))
  if ((value === false || value === null || value === 0) && canBeOff) return 'write "off" to turn it off'
  if (value === true && canBeOff && types.includes('object')) return 'write {} to have it with its defaults'
  if (typeof value === 'number' && nodes.some((node) => node.title === 'duration')) return durationHint(value)
  if (typeof value === 'number' && value > 0 && nodes.some((node) => node.title === 'size')) {
    return `write "${formatAmount(SIZE, Math.round(value))}"`
  }
  if (types.includes('array') && (typeof value === 'string' || typeof value === 'number')) {
    return `put it in brackets: [${JSON.stringify(value)}]`
  }
  if (
    typeof value === 'number' &&
    nodes.some((node) => node.type === 'string' && node.title === undefined && node.enum === undefined)
  )
    return `write "${value}"`
  return ''
}

/** A large number was most likely meant as milliseconds. */
function durationHint(value: number): string {
  if (value >= 1000) return `write "${value}ms", which is "${formatAmount(DURATION, Math.round(value))}"`
  return `write "${value}s" for ${value} ${value === 1 ? 'second' : 'seconds'}`
}

function unknownKey(path: Path, key: string, root: unknown): Finding {
  const object = valueAt(root, path)
  const known = keysAt(path, root, object)
  const finding = { path: [...path, key], at: 'key' as const, message: 'unknown key' }
  if (path.at(-1) === 'strategy') {
    const options = known.filter((one) => one !== 'name')
    const { name } = object as { name: string }
    return { ...finding, hint: options.length === 0 ? `the strategy ${name} has no options` : suggest(key, options) }
  }
  const suggestion = suggest(key, known)
  if (suggestion.startsWith('did')) return { ...finding, hint: suggestion }
  // Each alternative of a value has its place in the schema, so a place may come several times: `name` with each strategy.
  const elsewhere = new Set(
    placesOf(key).map((place) =>
      place.length === 0 ? 'at the top level' : `in \`${formatPath(place).replaceAll('[0]', '[…]')}\``,
    ),
  )
  return { ...finding, hint: elsewhere.size > 0 ? `\`${key}\` belongs ${[...elsewhere].join(' or ')}` : suggestion }
}

function unknownWord(path: Path, value: unknown, known: readonly unknown[], root: unknown): Finding {
  if (typeof value !== 'string') return wrongKind(path, value, root)
  const isStrategy = path.at(-1) === 'strategy' || (path.at(-2) === 'strategy' && path.at(-1) === 'name')
  if (isStrategy && /[\\/]|\.[a-z]+$/.test(value)) {
    const hint = 'a strategy of your own is a file such as "./my-strategy.ts" that ends in .ts, .mts, .js or .mjs'
    return { path, at: 'value', message: `unknown strategy ${quote(value)}`, hint }
  }
  const noun = isStrategy ? 'strategy' : 'value'
  const others = schemasAt(path, root).some(({ anyOf }) => anyOf !== undefined)
  if (others && !isStrategy && closest(value, known.map(String)) === null) return wrongKind(path, value, root)
  return { path, at: 'value', message: `unknown ${noun} ${quote(value)}`, hint: suggest(value, known.map(String)) }
}

function outOfRange(path: Path, value: unknown, root: unknown): Finding {
  if (Array.isArray(value)) return { path, at: 'value', message: 'needs at least one entry', hint: '' }
  const nodes = schemasAt(path, root).flatMap(alternatives)
  const range = nodes.find(({ minimum }) => minimum !== undefined) ?? {}
  const isPercentage = nodes.some(({ title }) => title === 'percentage') && Number(value) > 1 && Number(value) <= 100
  const hint = isPercentage ? `write "${value}%" for ${value} percent` : ''
  return { path, at: 'value', message: `${value} is not${rangeOf(range)}`, hint }
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string | number, unknown>)[part]
  }
  return value
}

function hasKey(root: unknown, path: Path): boolean {
  const outer = valueAt(root, path.slice(0, -1))
  return (
    typeof outer === 'object' &&
    outer !== null &&
    (outer as Record<string | number, unknown>)[path.at(-1)!] !== undefined
  )
}
