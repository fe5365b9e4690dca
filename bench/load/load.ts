// The contract of a load generator, and the choice between the two.
import type { BenchCase } from '../cases/bench-case.ts'

export interface LoadTarget {
  readonly port: number
  readonly seconds: number
  readonly benchCase: BenchCase
  /** Empty, for the generator's own files. */
  readonly folder: string
}

export interface LoadErrors {
  /** Connections that could not be made, broke, or timed out. */
  readonly sockets: number
  /** Responses other than 2xx. */
  readonly statuses: number
}

export interface LoadResult {
  /** Finished responses. */
  readonly requests: number
  readonly seconds: number
  /** Latencies in microseconds. */
  readonly p50: number
  readonly p99: number
  readonly errors: LoadErrors
}

export interface LoadGenerator {
  readonly name: string
  version(): string | null
  run(target: LoadTarget): Promise<LoadResult>
}
