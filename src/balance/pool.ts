// The servers of one upstream as one thread sees them, and the choice among them. It knows nothing of sockets: the proxy
// asks it for real exchanges, the laboratory for simulated ones. Tiers and pickers are made anew when health, weight or
// membership changes (one integer is compared before a pick), never for a request.
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
  type Strategy,
  type Turn,
} from '../seams/strategy.ts'
import { NO_TRIAL } from '../shared/breaker-cells.ts'
import { FULL, type InFlight } from '../shared/in-flight.ts'
import type { ServerTable } from '../shared/server-table.ts'
import { fitnessOf } from './fitness.ts'
import type { Guard } from './guard.ts'
import { slowStartShare, WEIGHT_STEPS, weightInSteps } from './slow-start.ts'
import { withFallback } from './strategy-with-fallback.ts'
import { FITNESS, type Fitness, makeTiers } from './tiers.ts'

/** A server in a pool. */
export interface PoolServer {
  readonly slot: number
  readonly plan: ServerPlan
  /** It has left the plan. */
  readonly closed: boolean
  /** Kept by the pool, and by the pool of a later plan. */
  readonly membership: Membership
}

/** What a pool notes about a server. */
export class Membership {
  /** The tier whose picker may choose the server, and its position there; null and NONE when none may. */
  tier: ActiveTier | null = null
  position: number = NONE
  /** When it came up while others were up, on the pool's clock: it starts slowly from there. -Infinity: long ago. */
  since = Number.NEGATIVE_INFINITY
  /** When it came up last, by the server table, as far as the pool has seen. */
  upSince = 0
}

interface ActiveTier {
  readonly number: number
  readonly servers: readonly PoolServer[]
  readonly picker: Picker
  /** This tier's share and those of all tiers before it. */
  readonly until: number
}

/** What the pool asks about the exchange it chooses for. */
export interface PoolExchange {
  hasTried(slot: number): boolean
  key(source: KeySource): string
}

/** Who wants to know that places become free. */
export interface PoolListener {
  /** An attempt has ended and its place is free; `headMillis` as in `AttemptResult`. */
  ended(outcome: Outcome, headMillis: number): void
}

export interface PoolTools<S> {
  /** Uniform in [0, 1); seedable. */
  readonly random: () => number
  /** The turn that all workers share for the tier of this number. */
  readonly turn: (tier: number) => Turn
  readonly table: ServerTable
  readonly inFlight: InFlight
  /** Asks a server beside all exchanges; `answered` is to be called once at most. */
  readonly probe: (server: S, path: string, answered: (answer: ProbeAnswer) => void) => void
  /** A strategy of people's own has broken down; told once. */
  readonly onStrategyFailed: (reason: string) => void
  /** Looks out for sick servers. */
  readonly guard?: Guard
}

export class Pool<S extends PoolServer> implements PickExchange {
  readonly plan: UpstreamPlan
  /** In flight towards the server that was chosen last, before that choice. */
  load = 0
  /** The trial of a half-open circuit breaker that this choice was, to be given to `finish`; NO_TRIAL when it was none. */
  trial = NO_TRIAL
  /** Too few servers are healthy, so that all are used. */
  panic = false
  now = 0
  listener: PoolListener | null = null
  private readonly servers: readonly S[]
  private readonly tools: PoolTools<S>
  private readonly strategy: Strategy
  private readonly guard: Guard | null
  /** The same where servers have circuit breakers. */
  private readonly breakers: Guard | null
  private readonly result = new Result()
  private exchange: PoolExchange | null = null
  private tiers: readonly ActiveTier[]
  /** The one that is being asked. */
  private tier: ActiveTier | null = null
  private epoch = -1
  /** When weights change next by themselves; Infinity while no server starts slowly. */
  private changesAt = Number.POSITIVE_INFINITY
  /** Servers that come up from now on start slowly: before that, all of them are new. */
  private settled: boolean

  /** `before` is the pool of the same upstream in the plan before; what its pickers have learned is taken over. */
  constructor(plan: UpstreamPlan, servers: readonly S[], tools: PoolTools<S>, before?: Pool<S>) {
    this.plan = plan
    this.servers = servers
    this.tools = tools
    this.guard = tools.guard ?? null
    this.breakers = plan.breaker === null ? null : this.guard
    const { strategy, fallback } = plan
    this.strategy = fallback === null ? strategy : withFallback(strategy, fallback, tools.onStrategyFailed)
    this.tiers = before?.plan.strategy === strategy ? before.tiers : []
    this.settled = before?.anyUp ?? false
  }

  /** Whether any server may be used. Known after a choice. */
  get anyUp(): boolean {
    return this.tiers.length > 0
  }

  /** Chooses a server and takes a place on it, which is to be given back with `finish`; null when there is none. */
  choose(exchange: PoolExchange, now: number): S | null {
    this.askFor(exchange, now)
    const { tiers } = this
    if (tiers.length === 1) return this.chooseFrom(tiers[0]!)
    return tiers.length === 0 ? null : this.chooseByShare(tiers)
  }

  /**
   * An attempt has ended: its place is given back, and the picker learns how it went. Times in milliseconds; `status` is
   * 0 when there was no response, `trial` what the choice was.
   */
  finish(
    server: S,
    outcome: Outcome,
    headMillis: number,
    millis: number,
    now: number,
    status = 0,
    trial = NO_TRIAL,
  ): void {
    this.tools.inFlight.release(server.slot)
    this.guard?.ended(server.slot, outcome, status, headMillis, trial)
    if (this.listener !== null) this.listener.ended(outcome, headMillis)
    const { tier, position } = server.membership
    if (tier?.picker.finished === undefined) return
    tier.picker.finished(position, this.result.set(outcome, headMillis, millis, now))
  }

  /** The head of the response to a trial has come: that is what trials are for, however long the rest may take. */
  trialAnswered(server: S, trial: number, status: number, headMillis: number): void {
    this.guard?.trialAnswered(server.slot, trial, status, headMillis)
  }

  /** Whole seconds after which there may be a server again, where circuit breakers are what keeps them away; 0: not known. */
  secondsToTrials(): number {
    return this.breakers?.secondsToTrials() ?? 0
  }

  /** Whether there is a server for this exchange now. */
  hasPlace(exchange: PoolExchange, now: number): boolean {
    this.askFor(exchange, now)
    for (const tier of this.tiers) {
      this.tier = tier
      for (let position = 0; position < tier.servers.length; position++) if (!this.excludes(position)) return true
    }
    return false
  }

  excludes(position: number): boolean {
    const server = this.tier!.servers[position]!
    if (this.exchange!.hasTried(server.slot) || (this.plan.limited && this.full(server))) return true
    return this.breakers?.excludes(server.slot) ?? false
  }

  key(source: KeySource): string {
    return this.exchange!.key(source)
  }

  /** What pickers are asked from here on is for this exchange; they are made anew first if anything has changed. */
  private askFor(exchange: PoolExchange, now: number): void {
    if (this.epoch !== this.tools.table.healthEpoch() || now >= this.changesAt) this.rebuild(now)
    this.exchange = exchange
    this.now = now
  }

  /** Asks one tier by their shares, and where it has nobody to offer, the others in their order. */
  private chooseByShare(tiers: readonly ActiveTier[]): S | null {
    const drawn = this.tools.random()
    let first = 0
    while (first < tiers.length - 1 && drawn >= tiers[first]!.until) first++
    let server = this.chooseFrom(tiers[first]!)
    for (let next = 0; server === null && next < tiers.length; next++) {
      if (next !== first) server = this.chooseFrom(tiers[next]!)
    }
    return server
  }

  private chooseFrom(tier: ActiveTier): S | null {
    this.tier = tier
    for (;;) {
      const position = tier.picker.pick(this)
      if (position === NONE) return null
      const server = tier.servers[position] as S
      // Another worker may take the last trial or the last place between the pick and here.
      this.trial = this.breakers === null ? NO_TRIAL : this.breakers.take(server.slot)
      if (this.trial < 0) continue
      this.load = this.take(server)
      if (this.load === FULL) {
        this.guard?.giveBack(server.slot, this.trial)
        continue
      }
      tier.picker.started?.(position)
      return server
    }
  }

  private take(server: S): number {
    const { maxActive } = server.plan
    const { inFlight } = this.tools
    return maxActive === 0 ? inFlight.take(server.slot) : inFlight.takeBelow(server.slot, maxActive)
  }

  private full(server: PoolServer): boolean {
    const { maxActive } = server.plan
    return maxActive > 0 && this.tools.table.inFlight(server.slot) >= maxActive
  }

  private rebuild(now: number): void {
    const { plan, servers, tools } = this
    this.epoch = tools.table.healthEpoch()
    const plans = servers.map((server) => server.plan)
    const { tiers, panic } = makeTiers(plans, (index) => this.fitness(servers[index]!), plan.tiers)
    const shares = this.weightShares(
      tiers.flatMap(({ members }) => members.map((member) => servers[member]!)),
      now,
    )
    const before = this.tiers
    for (const { membership } of servers) {
      membership.tier = null
      membership.position = NONE
    }
    let until = 0
    this.tiers = tiers.map(({ number, members, share }) => {
      until += share
      const old = before.find((tier) => tier.number === number)
      return this.activate(
        number,
        members.map((member) => servers[member]!),
        until,
        shares,
        old?.picker ?? null,
      )
    })
    this.panic = panic
    this.settled ||= this.tiers.length > 0
  }

  private fitness({ closed, slot }: S): Fitness {
    return closed ? FITNESS.leaving : fitnessOf(this.tools.table, slot)
  }

  /** The share of its weight that each server has now, where it is not all of it. Notes who has come up, and when this changes. */
  private weightShares(usable: readonly S[], now: number): ReadonlyMap<S, number> {
    const { slow_start } = this.plan
    const shares = new Map<S, number>()
    this.changesAt = Number.POSITIVE_INFINITY
    for (const server of usable) {
      const { membership } = server
      this.noteComingUp(server, now)
      const started = slow_start.window === 0 ? 1 : slowStartShare(slow_start, now - membership.since)
      if (started < 1) this.changesAt = now + slow_start.window / WEIGHT_STEPS
      // What its own feedback leaves of it.
      const share = started * this.tools.table.weightFactor(server.slot)
      if (share < 1) shares.set(server, share)
    }
    return shares
  }

  /**
   * A pool looks only when it is asked for a server, so one in a quiet worker may not have seen that a server was away. The table
   * knows when it came back; what has never been away, and joins, does so now.
   */
  private noteComingUp({ slot, membership }: S, now: number): void {
    const { table } = this.tools
    const upSince = table.upSince(slot)
    if (membership.tier === null || upSince !== membership.upSince) {
      const age = upSince > 0 && table.pickable(slot) ? table.now() - upSince : 0
      membership.since = upSince > 0 || this.settled ? now - age : Number.NEGATIVE_INFINITY
    }
    membership.upSince = upSince
  }

  private activate(
    number: number,
    members: readonly S[],
    until: number,
    shares: ReadonlyMap<S, number>,
    before: Picker | null,
  ): ActiveTier {
    const { table, random } = this.tools
    const weights = members.map((server) => {
      const { weight } = server.plan
      return shares.size === 0 ? weight : weightInSteps(weight, shares.get(server) ?? 1)
    })
    // The slots side by side: a pick may ask for the load of many servers.
    const slots = Int32Array.from(members, (server) => server.slot)
    const servers: PickableServers = {
      count: members.length,
      id: (position) => slots[position]!,
      address: (position) => `${members[position]!.plan.host}:${members[position]!.plan.port}`,
      weight: (position) => weights[position]!,
      inFlight: (position) => table.inFlight(slots[position]!),
    }
    const probe = (position: number, path: string): void => this.probe(members[position]!, path)
    const turn = this.tools.turn(number)
    const tier: ActiveTier = {
      number,
      servers: members,
      picker: this.strategy.make(servers, { random, turn, probe }, this.plan.strategyOptions, before),
      until,
    }
    for (const [position, { membership }] of members.entries()) {
      membership.tier = tier
      membership.position = position
    }
    return tier
  }

  private probe(server: S, path: string): void {
    this.tools.probe(server, path, (answer) => {
      const { tier, position } = server.membership
      tier?.picker.probed?.(position, answer)
    })
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
