// Writes all figures of a run as JSON to bench/results. Only a run with a name is meant to be committed;
// `local-*.json` is ignored by git.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { CaseResult } from '../runner.ts'
import type { MachineFacts } from './machine-facts.ts'

export interface Run {
  /** ISO 8601. */
  readonly date: string
  readonly machine: MachineFacts
  /** Name to version, of peers, load generator and origin. */
  readonly versions: Record<string, string>
  readonly rounds: number
  readonly seconds: number
  readonly cases: readonly CaseResult[]
}

/** Returns the path, relative to the current folder. `name` is null for a local run. */
export function save(run: Run, name: string | null): string {
  const folder = join(import.meta.dirname, '../results')
  mkdirSync(folder, { recursive: true })
  const file = `${name ?? `local-${run.date.slice(0, 19).replaceAll(':', '-')}`}.json`
  writeFileSync(join(folder, file), `${JSON.stringify(run, null, 2)}\n`)
  return relative(process.cwd(), join(folder, file))
}
