// `npm run check:layers`: imports in src/ point downward only, as the table in layers.ts says; no two files import each
// other in a circle; only shared/ works with shared memory; no folder is named for nothing in particular.
// Tests may import what they like.
import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import { LAYERS, NO_FOLDERS, PACKAGES, SHARED_MEMORY, TYPE_LAYERS } from './layers.ts'

interface Import {
  /** As written: `../base/random.ts`, `node:net`, `zod`. */
  readonly from: string
  readonly line: number
  readonly typesOnly: boolean
}

/** Takes the sources by their path inside src/; returns one line for each breach. */
export function findBreaches(sources: ReadonlyMap<string, string>): string[] {
  const breaches: string[] = []
  const imports = new Map<string, string[]>()
  for (const [path, source] of sources) {
    const folder = layerOf(path)
    for (const name of path.split('/').slice(0, -1)) {
      if (NO_FOLDERS.includes(name))
        breaches.push(`src/${path}: no folder is called ${name}; name it for what it is about`)
    }
    if (!Object.hasOwn(LAYERS, folder)) {
      breaches.push(`src/${path}: ${folder} has no line in scripts/layers.ts, which says what it may import`)
      continue
    }
    const targets: string[] = []
    for (const found of importsOf(source)) {
      const breach = judge(path, folder, found)
      if (breach !== null) breaches.push(`src/${path}:${found.line}: ${breach}`)
      if (isRelative(found.from) && !found.typesOnly) targets.push(resolve(path, found.from))
    }
    imports.set(path, targets)
    if (folder !== SHARED_MEMORY) breaches.push(...sharedMemoryIn(path, source))
  }
  return [...breaches, ...findCircles(imports)]
}

/** The folder of a file, or the file itself where it lies in src/ directly. */
function layerOf(path: string): string {
  return path.split('/')[0]!
}

function isRelative(from: string): boolean {
  return from.startsWith('.')
}

function resolve(path: string, from: string): string {
  return posix.join(posix.dirname(path), from)
}

function importsOf(source: string): Import[] {
  const imports: Import[] = []
  const statement = /^(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm
  for (const match of source.matchAll(statement)) {
    const line = source.slice(0, match.index).split('\n').length
    imports.push({ from: (match[2] ?? match[3])!, line, typesOnly: match[1] !== undefined })
  }
  return imports
}

/** What is wrong with an import; null when nothing is. */
function judge(path: string, folder: string, { from, typesOnly }: Import): string | null {
  if (from.startsWith('node:')) return null
  if (!isRelative(from)) {
    const allowed = PACKAGES[folder] ?? []
    return allowed.includes(from)
      ? null
      : `imports the package ${from}; ${folder} may import ${list(allowed, 'packages')}`
  }
  const target = resolve(path, from)
  if (target.startsWith('..')) return `imports ${from}, which is outside src/`
  if (layerOf(target) === folder) return null
  const allowed = LAYERS[folder]!
  const types = TYPE_LAYERS[folder] ?? []
  if (holds(allowed, target) || (typesOnly && holds(types, target))) return null
  const besides = types.length === 0 ? '' : `, and types from ${list(types, '')}`
  return `imports ${target}; ${folder} may import ${list(allowed, 'folders')}${besides}`
}

function holds(allowed: readonly string[], target: string): boolean {
  return allowed.includes(target) || allowed.includes(layerOf(target))
}

function list(names: readonly string[], none: string): string {
  return names.length === 0 ? `no ${none}` : names.join(', ')
}

function sharedMemoryIn(path: string, source: string): string[] {
  const breaches: string[] = []
  source.split('\n').forEach((text, index) => {
    const code = text.replace(/(^|\s)(\/\/|\/?\*).*$/, '')
    const use = /\bAtomics\b|\b(?:new|instanceof)\s+SharedArrayBuffer\b/.exec(code)
    if (use !== null)
      breaches.push(`src/${path}:${index + 1}: uses ${use[0]}; only ${SHARED_MEMORY}/ touches shared memory`)
  })
  return breaches
}

/** Finds every circle of imports once, by a search in depth; imports of types do not count, for they are gone at run time. */
function findCircles(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = []
  const done = new Set<string>()
  const trail: string[] = []

  function visit(path: string): void {
    const start = trail.indexOf(path)
    if (start !== -1) circles.push(`src/${[...trail.slice(start), path].join(' → ')}: a circle of imports`)
    if (start !== -1 || done.has(path)) return
    trail.push(path)
    for (const target of imports.get(path) ?? []) visit(target)
    trail.pop()
    done.add(path)
  }

  for (const path of imports.keys()) visit(path)
  return circles
}

function main(): void {
  const paths = globSync('**/*.ts', { cwd: 'src' }).filter((path) => !path.endsWith('.test.ts'))
  const sources = new Map(paths.sort().map((path) => [path, readFileSync(`src/${path}`, 'utf8')]))
  const breaches = findBreaches(sources)
  for (const breach of breaches) console.error(breach)
  if (breaches.length > 0) process.exitCode = 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main()
