// `${NAME}` and `${NAME:-default}` in the strings of a config become the values of environment variables.
import { type Finding, type Path, quote } from './problem.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** A string that held references. */
export interface Reference {
  path: Path
  names: string[]
  /** The number or boolean that the string stands for when it was one reference and nothing else. */
  bare: number | boolean | null
}

export interface Substituted {
  value: unknown
  references: Reference[]
  findings: Finding[]
}

/** A copy of the value with every reference replaced. A variable that is not set and has no default is a finding. */
export function substitute(value: unknown, env: Environment): Substituted {
  const references: Reference[] = []
  const findings: Finding[] = []

  function visit(value: unknown, path: Path): unknown {
    if (typeof value === 'string') return value.includes('${') ? replace(value, path) : value
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]))
  }

  function replace(text: string, path: Path): string {
    const names: string[] = []
    let isSound = true
    function fail(message: string, hint: string): string {
      findings.push({ path, at: 'value', message, hint })
      isSound = false
      return ''
    }
    const replaced = text.replace(/\$\$\{|\$\{([^}]*)(\}?)/g, (found, inside?: string, end?: string) => {
      if (found === '$${') return '${'
      const reference = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inside ?? '')
      if (reference === null || end !== '}') {
        return fail(
          `${quote(found)} is not a reference`,
          `write \${NAME} or \${NAME:-default}, or $\${ for the characters \${`,
        )
      }
      const [, name, fallback] = reference
      const set = env[name!]
      if (set === undefined && fallback === undefined) {
        return fail(`the environment variable ${name} is not set`, `set it, or give a default: \${${name}:-…}`)
      }
      names.push(name!)
      return fallback !== undefined && (set === undefined || set === '') ? fallback : set!
    })
    if (!isSound) return text
    if (names.length > 0)
      references.push({ path, names, bare: /^\$\{[^}]*\}$/.test(text) ? bareValue(replaced) : null })
    return replaced
  }

  return { value: visit(value, []), references, findings }
}

/** Writes text so that no `${` in it is taken for a reference. */
export function escapeReferences(text: string): string {
  // A function, for `$$` in a replacement text would be one dollar.
  return text.replaceAll('${', () => '$${')
}

function bareValue(text: string): number | boolean | null {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : null
}
