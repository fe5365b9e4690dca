// From a file, a text or an object to the effective config, or to everything that is wrong with it.
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { checkStrategies } from './check-strategies.ts'
import type { Config, ServerConfig } from './config.ts'
import { type CheckOptions, crossCheck } from './cross-checks.ts'
import { type Environment, type Reference, substitute } from './environment.ts'
import { expand } from './expand.ts'
import { findingsOf } from './findings.ts'
import { ConfigError, type ConfigProblem, type ConfigResult, type Finding, formatPath, type Path } from './problem.ts'
import { type FileConfig, fileSchema, serverSchema } from './schema.ts'
import { readSource, type Source } from './source.ts'
import { resolveStrategy } from './strategy-file.ts'

export type ParseOptions = CheckOptions & {
  /** Where `${NAME}` is looked up; empty when left out. */
  env?: Environment
  /** What paths in the config are relative to; the current folder when left out. */
  folder?: string
}

/**
 * Reads a config from text: JSON with comments, trailing commas and `${NAME}`. Never throws. Whether files of strategies that it
 * names can be loaded is not looked at.
 */
export function parseConfig(text: string, options: ParseOptions = {}): ConfigResult<Config> {
  return parseSource(readSource(text), options)
}

function parseSource(source: Source, options: ParseOptions): ConfigResult<Config> {
  if (!source.isUsable) return { ok: false, problems: source.problems }
  const { value, references, findings } = substitute(source.value, options.env ?? {})
  const result = validate(value, references, options)
  // What could not be substituted is told already; what the schema says about it is no news.
  const told = new Set(findings.map(({ path }) => formatPath(path)))
  const others = result.ok ? [] : result.findings.filter(({ path }) => !told.has(formatPath(path)))
  const problems = [...source.problems, ...[...findings, ...others].map(source.place)]
  if (problems.length === 0 && result.ok) return { ok: true, config: result.config }
  return { ok: false, problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) }
}

/**
 * Reads a config file. Rejects with a ConfigError when the config is not valid, and with a ConfigFileError when the file
 * cannot be read.
 */
export async function loadConfigFile(file: string, env: Environment = process.env): Promise<Config> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new ConfigFileError(file, error as NodeJS.ErrnoException)
  }
  const source = readSource(text)
  const result = parseSource(source, { env, folder: dirname(file) })
  if (!result.ok) throw new ConfigError(result.problems, file)
  const findings = await checkStrategies(result.config, source.value)
  if (findings.length > 0) throw new ConfigError(findings.map(source.place), file)
  return result.config
}

/** The file could not be read; the message says what to do. `code` is that of the system: `ENOENT`, `EACCES`, `EISDIR`. */
export class ConfigFileError extends Error {
  readonly code: string

  constructor(file: string, cause: NodeJS.ErrnoException) {
    super(describeFileError(file, cause), { cause })
    this.name = 'ConfigFileError'
    this.code = cause.code ?? 'UNKNOWN'
  }
}

function describeFileError(file: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return `there is no file ${file}; create it, or name another one with --config FILE`
  if (code === 'EACCES' || code === 'EPERM') return `no permission to read ${file}; make it readable for this user`
  if (code === 'EISDIR') return `${file} is a directory; name the config file in it`
  return `cannot read ${file}: ${message}`
}

/**
 * The same for an object, for use as a library; throws a ConfigError. `${NAME}` is replaced only when `env` is given:
 * code has better ways to ask for environment variables.
 */
export function normaliseConfig(config: FileConfig, options: ParseOptions = {}): Config {
  const { value, references, findings } =
    options.env === undefined ? { value: config, references: [], findings: [] } : substitute(config, options.env)
  const result = validate(value, references, options)
  const all = [...findings, ...(result.ok ? [] : result.findings)]
  if (result.ok && all.length === 0) return result.config
  throw new ConfigError(all.map(withoutPlace))
}

/** Loads the strategies of people's own that a config names; rejects with a ConfigError. Done twice it does no harm. */
export async function loadConfigStrategies(config: Config): Promise<void> {
  const findings = await checkStrategies(config)
  if (findings.length > 0) throw new ConfigError(findings.map(withoutPlace))
}

/** A server as `addServer` takes it: a URL, or an object with `url`, `weight` and `max_active`; throws a ConfigError. */
export function normaliseServer(server: NonNullable<FileConfig['servers']>['urls'][number]): ServerConfig {
  const result = serverSchema.safeParse(server)
  if (result.success) return result.data
  const place: Path = ['servers', 'urls', 0]
  const issues = result.error.issues.map((issue) => ({ ...issue, path: [...place, ...issue.path] }))
  const findings = findingsOf(issues, { servers: { urls: [server] } })
  throw new ConfigError(findings.map((finding) => withoutPlace({ ...finding, path: finding.path.slice(place.length) })))
}

type Validated = { ok: true; config: Config } | { ok: false; findings: Finding[] }

function validate(value: unknown, references: readonly Reference[], options: ParseOptions): Validated {
  let parsed = fileSchema.safeParse(value)
  let findings = parsed.success ? [] : findingsOf(parsed.error.issues, value)
  if (convertReferences(value, references, findings)) {
    parsed = fileSchema.safeParse(value)
    findings = parsed.success ? [] : findingsOf(parsed.error.issues, value)
  }
  const all = [...findings, ...crossCheck(value, options)].map((finding) => withOrigin(finding, references))
  if (!parsed.success || all.length > 0) return { ok: false, findings: all }
  const config = expand(parsed.data)
  for (const { strategy } of config.upstreams) strategy.name = resolveStrategy(strategy.name, options.folder ?? '.')
  return { ok: true, config }
}

/** Where the schema did not want the text of a bare reference, puts in the number or boolean that it stands for. */
function convertReferences(value: unknown, references: readonly Reference[], findings: readonly Finding[]): boolean {
  const wrong = new Set(findings.map(({ path }) => formatPath(path)))
  const convertible = references.filter(({ path, bare }) => bare !== null && wrong.has(formatPath(path)))
  for (const { path, bare } of convertible) {
    let holder = value as Record<string | number, unknown>
    for (const part of path.slice(0, -1)) holder = holder[part] as Record<string | number, unknown>
    holder[path.at(-1)!] = bare
  }
  return convertible.length > 0
}

function withOrigin(finding: Finding, references: readonly Reference[]): Finding {
  const path = formatPath(finding.path)
  const reference = references.find((candidate) => formatPath(candidate.path) === path)
  if (reference === undefined) return finding
  const origin = `the value comes from ${reference.names.map((name) => `\${${name}}`).join(' and ')}`
  return { ...finding, hint: finding.hint === '' ? origin : `${finding.hint} (${origin})` }
}

function withoutPlace({ path, message, hint }: Finding): ConfigProblem {
  return { path: formatPath(path), line: 0, column: 0, message, hint }
}
