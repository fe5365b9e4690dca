// Servers and a shared turn without threads or sockets, on which a test runs a strategy.
import { seededRandom } from '../../src/base/random.ts'
import { defaultOptions } from '../../src/seams/options.ts'
import type { PickableServers, PickExchange, Picker, Strategy, Turn } from '../../src/seams/strategy.ts'

/** A turn like that of the workers: one 32-bit cell that wraps to negative numbers. */
export class SimulatedTurn implements Turn {
  private readonly cell: Int32Array

  constructor(start = 0) {
    this.cell = Int32Array.of(start)
  }

  next(): number {
    return this.cell[0]!++
  }

  get(): number {
    return this.cell[0]!
  }

  set(value: number): void {
    this.cell[0] = value
  }
}

export class SimulatedPool implements PickableServers {
  readonly weights: readonly number[]
  readonly loads: number[]
  /** How often the in-flight count of some server was read. */
  reads = 0

  constructor(weights: readonly number[], loads: readonly number[] = weights.map(() => 0)) {
    this.weights = weights
    this.loads = [...loads]
  }

  get count(): number {
    return this.weights.length
  }

  id(position: number): number {
    return position
  }

  address(position: number): string {
    return `10.0.${position >> 8}.${position & 255}:80`
  }

  weight(position: number): number {
    return this.weights[position]!
  }

  inFlight(position: number): number {
    this.reads++
    return this.loads[position]!
  }

  /** Options that are not given have their defaults. */
  picker(
    strategy: Strategy,
    seed = 1,
    turn: Turn = new SimulatedTurn(),
    options: Record<string, unknown> = {},
    before: Picker | null = null,
  ): Picker {
    const all = { ...defaultOptions(strategy.options ?? {}), ...options }
    return strategy.make(this, { random: seededRandom(seed), turn, probe: () => {} }, all, before)
  }
}

/** An exchange for which the servers at these positions were tried. */
export function tried(...positions: number[]): PickExchange {
  return { now: 0, excludes: (position) => positions.includes(position), key: () => '' }
}

/** An exchange with a hash key, for which some servers may have been tried. */
export function keyed(key: string, ...positions: number[]): PickExchange {
  return { now: 0, excludes: (position) => positions.includes(position), key: () => key }
}

export const fresh: PickExchange = tried()

/** Picks one after the other; each exchange has finished before the next one begins. */
export function pickInTurn(picker: Picker, count: number): number[] {
  return Array.from({ length: count }, () => picker.pick(fresh))
}

/** Keeps `inFlight` exchanges running, which all take equally long: the oldest finishes whenever one begins. */
export function pickUnderLoad(pool: SimulatedPool, picker: Picker, count: number, inFlight: number): number[] {
  const picks: number[] = []
  while (picks.length < count) {
    if (picks.length >= inFlight) pool.loads[picks[picks.length - inFlight]!]!--
    const position = picker.pick(fresh)
    pool.loads[position]!++
    picks.push(position)
  }
  return picks
}

/** How often each of `servers` positions was picked. */
export function tally(picks: readonly number[], servers: number): number[] {
  const counts = new Array<number>(servers).fill(0)
  for (const position of picks) counts[position]!++
  return counts
}
