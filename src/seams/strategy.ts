// The contract of a strategy: the recipe named in the config, and the picker it makes.
// A strategy knows servers only by position: their place in the list it was given.

/** The answer of a picker that has no server left to offer. */
export const NONE = -1

/** The servers that may be picked now (up, not draining), in the order of the config. */
export interface PickableServers {
  readonly count: number
  /** 1 to 1000. */
  weight(position: number): number
  /** Exchanges in flight towards the server, summed over all workers. */
  inFlight(position: number): number
}

/** What a picker may ask about the exchange it picks for. */
export interface PickExchange {
  /** True when this server was already tried for this exchange, or has no place left: a picker must not offer it. */
  hasTried(position: number): boolean
}

/** Whole numbers that all workers share, so that turns are taken over the whole process. */
export interface Turn {
  /** Returns the number and moves it on by one. */
  next(): number
  get(): number
  set(value: number): void
}

export interface StrategyTools {
  /** Uniform in [0, 1); seedable. */
  readonly random: () => number
  readonly turn: Turn
}

export interface Picker {
  /** The position of the server to use, or NONE when every one was tried or is full. Allocates nothing. */
  pick(exchange: PickExchange): number
}

export interface Strategy {
  /** As written in the config: `least_active`. */
  readonly name: string
  /** As written in the log: `round robin`. */
  readonly title: string
  readonly summary: string
  /** Whether the selection line shows the load in place of the title: `… with load 0`. */
  readonly showsLoad: boolean
  /** The options it takes, each with what it does; a config that names another one is not valid. */
  readonly options?: Readonly<Record<string, string>>
  /** Makes a picker; called again whenever the pickable servers change. `servers.count` is at least 1. */
  make(servers: PickableServers, tools: StrategyTools, options: Record<string, unknown>): Picker
}
