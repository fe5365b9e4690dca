// The servers of one upstream as one thread sees them, and the choice among them. It knows nothing of sockets: the proxy
// asks it for real exchanges, the laboratory for simulated ones. Pickers are made anew when health, weight or membership
// changes (one integer is compared before a pick), never for a request.
import type { ServerPlan, UpstreamPlan } from '../plan/plan.ts'
import {
  type AttemptResult,
  type KeySource,
  NONE,
  type Outcome,
  type PickableServers,
  type PickExchange,
  type Picker,
  type ProbeAnswer,
  type StrategyTools,
} from '../seams/strategy.ts'
import { FULL, type InFlight } from '../shared/in-flight.ts'
import { type ServerTable, UP } from '../shared/server-table.ts'

/** A server in a pool. The fields below `plan` belong to the pool. */
export interface PoolServer {
  readonly slot: number
  readonly plan: ServerPlan
  /** It has left the plan. */
  readonly closed: boolean
  /** Where the present picker knows it; NONE when it may not be picked. */
  position: number
}

/** What the pool asks about the exchange it chooses for. */
export interface PoolExchange {
  hasTried(slot: number): boolean
  key(source: KeySource): string
}

/** Who wants to know that places become free. */
export interface PoolListener {
  /** A place that was taken was not used. */
  freed(): void
  /** An attempt has ended and its place is free; `headMillis` as in `AttemptResult`. */
  ended(outcome: Outcome, headMillis: number): void
}

export interface PoolTools<S> extends Omit<StrategyTools, 'probe'> {
  readonly table: ServerTable
  readonly inFlight: InFlight
  /** Asks a server beside all exchanges; `answered` is to be called once. */
  readonly probe: (server: S, path: string, answered: (answer: ProbeAnswer) => void) => void
}

export class Pool<S extends PoolServer> implements PickExchange {
  readonly plan: UpstreamPlan
  /** In flight towards the server that was chosen last, before that choice. */
  load = 0
  now = 0
  listener: PoolListener | null = null
  private readonly servers: readonly S[]
  private readonly tools: PoolTools<S>
  private readonly result = new Result()
  private exchange: PoolExchange | null = null
  private pickable: readonly S[] = []
  private picker: Picker | null = null
  private epoch = -1

  constructor(plan: UpstreamPlan, servers: readonly S[], tools: PoolTools<S>) {
    this.plan = plan
    this.servers = servers
    this.tools = tools
  }

  /** Whether any server is healthy. Known after a choice. */
  get anyUp(): boolean {
    return this.pickable.length > 0
  }

  /** Chooses a server and takes a place on it, which is to be given back with `finish`; null when there is none. */
  choose(exchange: PoolExchange, now: number): S | null {
    if (this.epoch !== this.tools.table.healthEpoch()) this.rebuild()
    const { picker } = this
    if (picker === null) return null
    this.exchange = exchange
    this.now = now
    for (;;) {
      const position = picker.pick(this)
      if (position === NONE) return null
      const server = this.pickable[position]!
      // Another worker may take the last place between the pick and here.
      this.load = this.take(server)
      if (this.load === FULL) continue
      picker.started?.(position)
      return server
    }
  }

  /** An attempt has ended: its place is given back, and the picker learns how it went. Times in milliseconds. */
  finish(server: S, outcome: Outcome, headMillis: number, millis: number, now: number): void {
    this.tools.inFlight.release(server.slot)
    if (this.listener !== null) this.listener.ended(outcome, headMillis)
    if (this.picker?.finished === undefined || server.position === NONE) return
    this.picker.finished(server.position, this.result.set(outcome, headMillis, millis, now))
  }

  /** The exchange that was chosen for has ended before its server was used at all. */
  giveBack(server: S): void {
    this.tools.inFlight.release(server.slot)
    if (this.listener !== null) this.listener.freed()
  }

  excludes(position: number): boolean {
    const server = this.pickable[position]!
    return this.exchange!.hasTried(server.slot) || (this.plan.limited && this.full(server))
  }

  key(source: KeySource): string {
    return this.exchange!.key(source)
  }

  private take(server: S): number {
    const { maxActive } = server.plan
    const { inFlight } = this.tools
    return maxActive === 0 ? inFlight.take(server.slot) : inFlight.takeBelow(server.slot, maxActive)
  }

  private full(server: S): boolean {
    const { maxActive } = server.plan
    return maxActive > 0 && this.tools.table.inFlight(server.slot) >= maxActive
  }

  private rebuild(): void {
    const { table } = this.tools
    this.epoch = table.healthEpoch()
    const pickable = this.servers.filter((server) => !server.closed && table.health(server.slot) === UP)
    for (const server of this.servers) server.position = NONE
    for (const [position, server] of pickable.entries()) server.position = position
    this.pickable = pickable
    this.picker = pickable.length === 0 ? null : this.makePicker(pickable)
  }

  private makePicker(pickable: readonly S[]): Picker {
    const { table, random, turn } = this.tools
    const servers: PickableServers = {
      count: pickable.length,
      id: (position) => pickable[position]!.slot,
      address: (position) => `${pickable[position]!.plan.host}:${pickable[position]!.plan.port}`,
      weight: (position) => pickable[position]!.plan.weight,
      inFlight: (position) => table.inFlight(pickable[position]!.slot),
    }
    const probe = (position: number, path: string): void => {
      const server = pickable[position]!
      this.tools.probe(server, path, (answer) => {
        if (server.position !== NONE) this.picker?.probed?.(server.position, answer)
      })
    }
    return this.plan.strategy.make(servers, { random, turn, probe }, this.plan.strategyOptions, this.picker)
  }
}

/** One for all attempts, so that none is allocated. */
class Result implements AttemptResult {
  outcome: Outcome = 0
  headMillis = 0
  millis = 0
  now = 0

  set(outcome: Outcome, headMillis: number, millis: number, now: number): this {
    this.outcome = outcome
    this.headMillis = headMillis
    this.millis = millis
    this.now = now
    return this
  }
}
