// Versions of programs and of packages.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { which } from '../machine/which.ts'

/** The first match of `pattern` in what the program says about itself, or null when it is not installed. */
export function programVersion(program: string, args: readonly string[], pattern = /\d+\.\d+[\w.+-]*/): string | null {
  const path = which(program)
  if (path === null) return null
  const { stdout, stderr } = spawnSync(path, args, { encoding: 'utf8' })
  return pattern.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown version'
}

/** The installed version of a package of this project, or null when it is not installed. */
export function packageVersion(name: string): string | null {
  try {
    const path = join(import.meta.dirname, '../../node_modules', name, 'package.json')
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
  } catch {
    return null
  }
}
