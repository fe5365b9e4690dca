// The command line of `run.ts` and `compare.ts`.
import { parseArgs } from 'node:util'
import type { BenchCase } from './cases/bench-case.ts'
import { CASES } from './cases/index.ts'
import { loadGenerator } from './load/index.ts'
import type { LoadGenerator } from './load/load.ts'
import type { OriginKind } from './origin/origin.ts'

export const OPTIONS_HELP = `  --quick          one round of 1 s: a look, not a measurement
  --rounds N       interleaved rounds (10)
  --seconds N      length of a round in whole seconds (1)
  --case A,B       only these cases: ${CASES.map(({ name }) => name).join(', ')}
  --only A,B       only these proxies
  --load NAME      wrk or autocannon (wrk where it is installed)
  --origin NAME    nginx or node, the servers behind the proxies (nginx where it is installed)
  --save NAME      keep the figures in bench/results/NAME.json, to be committed
  --help`

export interface Options {
  readonly rounds: number
  readonly seconds: number
  readonly warmUp: number
  readonly cases: readonly BenchCase[]
  /** Names of proxies; null for all. */
  readonly only: readonly string[] | null
  readonly load: LoadGenerator
  readonly origin: OriginKind | null
  readonly save: string | null
  readonly octoloadFolder: string | null
  readonly arguments: readonly string[]
}

/** Prints `usage` and ends the process when asked to; throws an Error made for people when something is wrong. */
export function readOptions(usage: string): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      case: { type: 'string' },
      only: { type: 'string' },
      load: { type: 'string' },
      origin: { type: 'string' },
      save: { type: 'string' },
      'octoload-dir': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(`${usage}\n${OPTIONS_HELP}`)
    process.exit(0)
  }
  return {
    rounds: positive('--rounds', values.rounds ?? (values.quick ? '1' : '10')),
    seconds: positive('--seconds', values.seconds ?? '1'),
    warmUp: 1,
    cases: values.case === undefined ? CASES : choose('case', values.case, CASES),
    only: values.only === undefined ? null : values.only.split(','),
    load: loadGenerator(values.load ?? null),
    origin: originKind(values.origin),
    save: values.save ?? null,
    octoloadFolder: values['octoload-dir'] ?? null,
    arguments: positionals,
  }
}

/** Those of `all` that the comma-separated `names` name, in the order of `all`. */
export function choose<T extends { readonly name: string }>(what: string, names: string, all: readonly T[]): T[] {
  const wanted = names.split(',')
  for (const name of wanted) {
    if (all.some((one) => one.name === name)) continue
    throw new Error(`there is no ${what} ${name}; there are ${all.map((one) => one.name).join(', ')}`)
  }
  return all.filter((one) => wanted.includes(one.name))
}

function originKind(name: string | undefined): OriginKind | null {
  if (name === undefined || name === 'nginx' || name === 'node') return name ?? null
  throw new Error(`--origin takes nginx or node, not ${name}`)
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`${option} takes a whole number from 1, not ${text}`)
  return value
}
