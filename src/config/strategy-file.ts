// Strategies of people's own: a file in place of a name. Kept apart from the schema, which workers have no use for.
import { isAbsolute, resolve } from 'node:path'

/** Whether a strategy is named by its file: `./my-strategy.ts`, `/etc/octoload/mine.mjs`. */
export function isStrategyFile(name: string): boolean {
  return /\.[cm]?[jt]s$/.test(name) && (/^\.{1,2}\//.test(name) || isAbsolute(name))
}

/** The absolute path of a strategy's file; names of built-in strategies stay. */
export function resolveStrategy(name: string, folder: string): string {
  return isStrategyFile(name) ? resolve(folder, name) : name
}
