// From a file, or from what a command makes up, to a config. What is wrong with it ends the command, every problem told.
// The schema takes a while to load, and `--help` and the demo servers can do without it: hence the late imports.
import { resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { ConfigError } from '../config/problem.ts'
import type { FileConfig } from '../config/schema.ts'
import { CliError } from './cli-error.ts'

/** Read when no other file is named. */
export const DEFAULT_FILE = 'servers.json'

const EXAMPLE = `\
  {
    "servers": { "urls": ["http://localhost:3001", "http://localhost:3002"] }
  }`

/** Rejects with a CliError when the file cannot be read or is not valid. */
export async function readConfigFile(file: string): Promise<Config> {
  const { ConfigFileError, loadConfigFile } = await import('../config/load.ts')
  try {
    return await loadConfigFile(file)
  } catch (error) {
    if (error instanceof ConfigError) throw invalid(file, error)
    if (!(error instanceof ConfigFileError)) throw error
    throw new CliError(error.code === 'ENOENT' ? missing(file) : `${error.message}.`)
  }
}

/** Rejects with a CliError when the config is not valid; `source` says where it comes from. */
export async function readConfig(config: FileConfig, source: string): Promise<Config> {
  const { normaliseConfig } = await import('../config/load.ts')
  try {
    return normaliseConfig(config)
  } catch (error) {
    throw error instanceof ConfigError ? invalid(source, error) : error
  }
}

function invalid(source: string, { problems, message }: ConfigError): CliError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return new CliError(`${count} in ${source}\n${message}`)
}

function missing(file: string): string {
  return [
    `there is no ${file === DEFAULT_FILE ? `${file} in this folder` : `file ${resolve(file)}`}. Write it, for example:`,
    '',
    EXAMPLE,
    '',
    'or run without a file: octoload 3001 3002',
  ].join('\n')
}
