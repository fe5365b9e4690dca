// Which load generator to use: wrk where it is installed, for it costs a tenth of autocannon.
import { autocannon } from './autocannon.ts'
import type { LoadGenerator } from './load.ts'
import { wrk } from './wrk.ts'

/** The named one, or the best installed. Throws when there is no such generator. */
export function loadGenerator(name: string | null): LoadGenerator {
  if (name === null) return wrk.version() === null ? autocannon : wrk
  const found = [wrk, autocannon].find((generator) => generator.name === name)
  if (found === undefined || found.version() === null) throw new Error(`there is no load generator ${name} here`)
  return found
}
