// Sends the same key to the same server, for as long as it is there, has a place left and is within its bound; else to the
// next choice for that key. Requests without a key take turns.
import type { WeightedSequence } from '../base/weighted-sequence.ts'
import type { ChoiceRule, NumberRule } from '../seams/options.ts'
import {
  type KeySource,
  NONE,
  type PickableServers,
  type PickExchange,
  type Picker,
  type StrategyTools,
  type Turn,
} from '../seams/strategy.ts'
import { firstAllowed } from './first-allowed.ts'
import { KetamaRing } from './ketama-ring.ts'
import { LoadBound } from './load-bound.ts'
import { MaglevTable } from './maglev-table.ts'
import type { Placement } from './placement.ts'
import { Rendezvous } from './rendezvous.ts'
import { sequenceOf } from './weights.ts'

export type HashMethod = 'rendezvous' | 'ring' | 'maglev'

export const methodOption: ChoiceRule<HashMethod> = {
  kind: 'choice',
  choices: ['rendezvous', 'ring', 'maglev'],
  default: 'rendezvous',
  summary:
    'How keys are placed. `rendezvous`: exact shares and the fewest moves; `ring`: as libketama places them; `maglev`: a table, as exact and as quick for any number of servers.',
}

export const boundOption: NumberRule = {
  kind: 'number',
  min: 1,
  max: 10,
  off: true,
  default: 0,
  summary:
    'Most that a server takes of what is in flight, as a factor of its share: with 1.25 a quarter more; other keys go to their next choice. `off` sets no bound.',
}

/** Choices for a key that are tried before the list is walked. */
const RANKS = 64

export class HashPicker implements Picker {
  private readonly servers: PickableServers
  private readonly source: KeySource
  private readonly placement: Placement
  private readonly bound: LoadBound | null
  private readonly sequence: WeightedSequence
  private readonly turn: Turn

  /** `factor` is that of the bound; 0: none. */
  constructor(
    servers: PickableServers,
    tools: StrategyTools,
    source: KeySource,
    method: HashMethod,
    factor: number,
    before: Picker | null,
  ) {
    this.servers = servers
    this.source = source
    this.placement = place(servers, method, before instanceof HashPicker ? before.placement : undefined)
    this.bound = factor === 0 ? null : new LoadBound(servers, factor)
    this.sequence = sequenceOf(servers)
    this.turn = tools.turn
  }

  pick(exchange: PickExchange): number {
    this.bound?.refresh()
    const key = exchange.key(this.source)
    if (key === '') return this.pickInTurn(exchange)
    const hash = this.placement.hash(key)
    const ranks = Math.min(RANKS, 4 * this.servers.count)
    for (let rank = 0; rank < ranks; rank++) {
      const position = this.placement.at(hash, rank)
      if (this.allows(exchange, position)) return position
    }
    return this.walk(exchange, (hash >>> 0) % this.servers.count)
  }

  started(position: number): void {
    this.bound?.read(position)
  }

  finished(position: number): void {
    this.bound?.read(position)
  }

  private pickInTurn(exchange: PickExchange): number {
    for (let tries = 0; tries < RANKS; tries++) {
      const position = this.sequence.at(this.turn.next())
      if (this.allows(exchange, position)) return position
    }
    return this.walk(exchange, this.sequence.at(this.turn.next()))
  }

  private allows(exchange: PickExchange, position: number): boolean {
    return (this.bound === null || this.bound.allows(position)) && !exchange.excludes(position)
  }

  /** Some server is always within its bound, but it may be one that is excluded: then the bound gives way. */
  private walk(exchange: PickExchange, from: number): number {
    const { count } = this.servers
    if (this.bound !== null) {
      for (let step = 0; step < count; step++) {
        const position = (from + step) % count
        if (this.allows(exchange, position)) return position
      }
    }
    return count === 0 ? NONE : firstAllowed(exchange, count, from)
  }
}

function place(servers: PickableServers, method: HashMethod, before: Placement | undefined): Placement {
  switch (method) {
    case 'ring':
      return new KetamaRing(servers)
    case 'maglev':
      return new MaglevTable(servers)
    case 'rendezvous':
      return new Rendezvous(servers, before instanceof Rendezvous ? before : undefined)
  }
}
