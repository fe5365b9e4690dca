// The contract of a strategy: the recipe named in the config, and the picker it makes.
// A strategy knows servers only by position: their place in the list it was given.
import type { OptionRules } from './options.ts'

/** What a config that names no strategy has, and what takes over from a strategy of people's own that breaks down. */
export const DEFAULT_STRATEGY = 'least_active'

/** The answer of a picker that has no server left to offer. */
export const NONE = -1

/** The servers that may be picked now (up, not draining), in the order of the config. */
export interface PickableServers {
  readonly count: number
  /** A number that stays with the server over all rebuilds; its slot in shared memory. */
  id(position: number): number
  /** `host:port`: what consistent hashing places, the same in every process and after every restart. */
  address(position: number): string
  /** A whole number of at least 1: the share of the work. Only the ratios count, for a server that starts slowly has less. */
  weight(position: number): number
  /** Exchanges in flight towards the server, summed over all workers. */
  inFlight(position: number): number
}

/** Where the text of a hash key comes from. */
export interface KeySource {
  readonly kind: 'client_address' | 'header' | 'cookie' | 'query' | 'path' | 'host'
  /** Of the header (lower case), cookie or query parameter; empty for the others. */
  readonly name: string
}

/** What a picker may ask about the exchange it picks for. */
export interface PickExchange {
  /** Milliseconds on a monotonic clock. */
  readonly now: number
  /** True when a picker must not offer this server: it was tried for this exchange, or has no place left. */
  excludes(position: number): boolean
  /** The text of a hash key; empty when the request has none. */
  key(source: KeySource): string
}

/** How an attempt ended, for the picker that chose its server. */
export const OUTCOME = {
  ok: 0,
  /** The server did not answer, or with a status that counts as a failure. */
  failed: 1,
  /** The client left, or the hedge was slower than what it was sent beside: it says little about the server. */
  cancelled: 2,
  /** A hedge that began later was answered first: the server is slow. How slow is not known; it took this long at least. */
  overtaken: 3,
} as const
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME]

/** Valid only during the call that it is handed to. */
export interface AttemptResult {
  readonly outcome: Outcome
  /** Milliseconds from the choice of the server to the head of its response; to the end where none came. */
  readonly headMillis: number
  /** Milliseconds from the choice of the server to the end of the attempt. */
  readonly millis: number
  /** Milliseconds on the clock of `PickExchange.now`. */
  readonly now: number
}

/** Whole numbers that all workers share, so that turns are taken over the whole process. */
export interface Turn {
  /** Returns the number and moves it on by one. */
  next(): number
  get(): number
  set(value: number): void
}

/** What a server says of itself when it is asked. */
export interface ProbeAnswer {
  readonly ok: boolean
  /** Exchanges that the server has in flight, from all its balancers; -1 when it does not say. */
  readonly inFlight: number
  /** Milliseconds that a request takes there now, as the server says, else that the probe took. */
  readonly millis: number
  /** Milliseconds on the clock of `PickExchange.now`. */
  readonly now: number
}

export interface StrategyTools {
  /** Uniform in [0, 1); seedable. */
  readonly random: () => number
  readonly turn: Turn
  /** Asks a server how it is, beside all exchanges; `Picker.probed` is called with the answer. `path` is a request target; empty: that of the health check. */
  readonly probe: (position: number, path: string) => void
}

export interface Picker {
  /** The position of the server to use, or NONE when every one is excluded. Allocates nothing. */
  pick(exchange: PickExchange): number
  /** An attempt has begun on the server at this position. */
  started?(position: number): void
  /** An attempt has ended that began on this server, perhaps when an earlier picker was in charge. */
  finished?(position: number, result: AttemptResult): void
  /** A probe has been answered. */
  probed?(position: number, answer: ProbeAnswer): void
}

export interface Strategy {
  /** As written in the config: `least_active`. */
  readonly name: string
  /** As written in the log: `round robin`. */
  readonly title: string
  readonly summary: string
  /** Whether the selection line shows the load in place of the title: `… with load 0`. */
  readonly showsLoad: boolean
  /** The options it takes; `make` gets a value for each one, and a config that names another one is not valid. */
  readonly options?: OptionRules
  /**
   * Makes a picker; called again whenever the pickable servers or their weights change. `servers.count` is at least 1.
   * `before` is the picker that this one replaces, made by the same strategy: what it has learned may be taken over, by
   * `id`, for positions are others now.
   */
  make(servers: PickableServers, tools: StrategyTools, options: Record<string, unknown>, before: Picker | null): Picker
}
