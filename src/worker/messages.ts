// Every message between the main thread and a worker. Decisions travel here; numbers live in shared memory.
import type { Sickness } from '../balance/guard.ts'
import type { Config } from '../config/config.ts'
import type { Slots } from '../plan/plan.ts'

/** How often a worker gives a sign of life. */
export const BEAT_MS = 1000

/** What a worker is born with. */
export interface WorkerData {
  /** Number of the worker, from 0 on; also that of its counters. */
  readonly index: number
  readonly table: SharedArrayBuffer
  /** What this worker has in flight. */
  readonly inFlight: SharedArrayBuffer
  readonly turns: SharedArrayBuffer
  readonly gates: SharedArrayBuffer
  /** What each worker measures of upstreams. */
  readonly samples: readonly SharedArrayBuffer[]
  /** The counters of all workers, and those of the main thread, for the metrics. */
  readonly counters: readonly SharedArrayBuffer[]
  readonly mainCounters: SharedArrayBuffer
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly colour: boolean
}

export interface Install {
  readonly type: 'install'
  readonly config: Config
  readonly slots: Slots
  readonly generation: number
}

export interface Listen {
  readonly type: 'listen'
  /** The port of each listener, in the order of the config; 0 only when this is the only worker. */
  readonly ports: readonly number[]
  /** Other workers listen on the same ports. */
  readonly shared: boolean
}

/** Accept nothing new, finish what is under way; `drained` follows. */
export interface Drain {
  readonly type: 'drain'
}

/** Do not wait any longer. */
export interface Cut {
  readonly type: 'cut'
}

export type ToWorker = Install | Listen | Drain | Cut

/** The worker goes by this plan from now on. */
export interface Installed {
  readonly type: 'installed'
  readonly generation: number
}

export interface Listening {
  readonly type: 'listening'
  readonly ports: readonly number[]
}

export interface ListenFailed {
  readonly type: 'listen_failed'
  readonly listener: number
  readonly code: string
  readonly message: string
}

export interface Log {
  readonly type: 'log'
  readonly text: string
  readonly lines: number
}

/** This worker has taken a server down after connect failures in a row. */
export interface ConnectFailures {
  readonly type: 'connect_failures'
  readonly slot: number
  readonly reason: string
}

/** This worker has ejected a server, or opened or closed its circuit breaker. */
export interface Sick {
  readonly type: 'sick'
  readonly slot: number
  readonly what: Sickness
  readonly reason: string
}

/** Every exchange has ended. */
export interface Drained {
  readonly type: 'drained'
  /** Exchanges that did not end by themselves. */
  readonly cut: number
}

export type FromWorker = Installed | Listening | ListenFailed | Log | ConnectFailures | Sick | Drained
