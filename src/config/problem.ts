// What is wrong with a config, said so that a person can put it right: where, what, and what to do.

export interface ConfigProblem {
  /** The key's place in the config: `upstreams.api.servers[1].weight`; empty for the config as a whole. */
  path: string
  /** From 1; 0 when the config is an object and not a text. */
  line: number
  /** From 1, in UTF-16 units, as editors count; 0 when the config is an object and not a text. */
  column: number
  message: string
  /** What to do about it; may be empty. */
  hint: string
}

/** Thrown for a config that is not valid. The message is all problems, formatted; `problems` has them one by one. */
export class ConfigError extends Error {
  readonly code = 'OCTOLOAD_CONFIG'
  readonly problems: ConfigProblem[]

  constructor(problems: ConfigProblem[], file?: string) {
    super(formatProblems(file, problems))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** A config, or everything that is wrong with it. */
export type ConfigResult<T> = { ok: true; config: T } | { ok: false; problems: ConfigProblem[] }

/**
 * Text for people, a line for each problem and one for its hint, without a newline at the end:
 *
 *     servers.json:4:15  load_balancer.strategy: unknown strategy "leastactive"
 *         did you mean "least_active"?
 */
export function formatProblems(file: string | undefined, problems: readonly ConfigProblem[]): string {
  return problems.map((problem) => formatProblem(file, problem)).join('\n')
}

function formatProblem(file: string | undefined, { path, line, column, message, hint }: ConfigProblem): string {
  const position = line === 0 ? [] : [line, column]
  const place = [...(file === undefined ? [] : [file]), ...position].join(':')
  const what = path === '' ? message : `${path}: ${message}`
  return (place === '' ? what : `${place}  ${what}`) + (hint === '' ? '' : `\n    ${hint}`)
}

/** Keys and list positions from the top of the config to a value. */
export type Path = readonly (string | number)[]

/** A problem before its place in the text is known. */
export interface Finding {
  path: Path
  /** Whether the key itself is meant or its value. */
  at: 'key' | 'value'
  message: string
  hint: string
}

/** `['upstreams', 'api', 'servers', 1]` → `upstreams.api.servers[1]`. */
export function formatPath(path: Path): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (!/^[\w$-]+$/.test(part)) text += `[${JSON.stringify(part)}]`
    else text += text === '' ? part : `.${part}`
  }
  return text
}

/** A value as it is named in a message: `the string "8080"`, `the number 5`, `a list`. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') return `the string ${quote(value)}`
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${value}`
  if (typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** Text in double quotes, control characters escaped, shortened when it is long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text)
}
