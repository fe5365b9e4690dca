// Prequal (Wydrowski, Kleinberg, Rumble, Archer, "Load is not what you should balance", NSDI 2024). Beside the requests,
// servers drawn by weight are asked how many requests they have in flight and how long these take; a pick chooses among the
// answers of the last second and waits for none. A server with more in flight than most is hot. Among cold servers the
// quickest is taken; when all are hot, the one with the fewest in flight. So load decides only where it is high, and
// latency wherever there is a choice.
//
// An answer grows old as requests follow it. The paper adds one for each request sent; here what this process has in flight is
// known exactly, so only what others had there is kept of the answer, and the rest is as it is at the pick.
import { ProbePool } from '../picking/probe-pool.ts'
import { RecentQuantile } from '../picking/recent-quantile.ts'
import { Sampler } from '../picking/sampler.ts'
import { TrustedLoads } from '../picking/trusted-loads.ts'
import { pickOfTwo } from '../picking/two-choices.ts'
import { loadsOfOne, sequenceOf } from '../picking/weights.ts'
import { defineStrategy } from '../seams/define-strategy.ts'
import type { OptionRules, OptionValues } from '../seams/options.ts'
import {
  type AttemptResult,
  NONE,
  type PickableServers,
  type PickExchange,
  type Picker,
  type ProbeAnswer,
  type StrategyTools,
} from '../seams/strategy.ts'

/** Fewer answers than this are no choice: two servers are drawn then, as in two_choices. */
const LEAST_ANSWERS = 2
/** Of the paper's formula for how often an answer is used: how much faster than by removal alone the pool may turn over. */
const DELTA = 1
/** Answers are removed at this part of the rate at which they come; the paper's settings are 1 to 3. */
const REMOVED_PART = 1 / 3
/** An answer is used no more often than this, also where the formula sets no end. */
const MOST_USES = 16

const rules = {
  path: {
    kind: 'text',
    title: 'path',
    pattern: '(?:/[\\x21\\x22\\x24-\\x7e]*)?',
    examples: ['/load'],
    hint: 'a path begins with "/" and has no fragment or space',
    default: '',
    summary:
      'Path that probes ask for; empty: that of the health check. It should be cheap, and say what is in flight in `endpoint-load-metrics`.',
  },
  probes_per_request: {
    kind: 'number',
    min: 0.01,
    max: 10,
    default: 1,
    summary: 'Probes sent for each request, on average. The paper has 3.',
  },
  pool_size: { kind: 'whole', min: 2, max: 128, default: 16, summary: 'Most answers that are kept to choose among.' },
  probe_age: {
    kind: 'duration',
    min: 10,
    max: 60_000,
    default: 1000,
    summary: 'Age at which an answer is not used any more.',
  },
  hot_quantile: {
    kind: 'share',
    default: 0.6,
    summary: 'A server is hot when it has more in flight than this share of the answers.',
  },
} as const satisfies OptionRules

export const prequal = defineStrategy({
  name: 'prequal',
  title: 'prequal',
  summary:
    'Asks servers for their load and latency beside the requests, and takes the quickest that is not overloaded.',
  showsLoad: true,
  options: rules,
  make: (servers, tools, options, before) => new PrequalPicker(servers, tools, options, before),
})

class PrequalPicker implements Picker {
  private readonly servers: PickableServers
  private readonly tools: StrategyTools
  private readonly options: OptionValues<typeof rules>
  private readonly loads: TrustedLoads
  private readonly loadOfOne: Float64Array
  private readonly sampler: Sampler
  private readonly pool: ProbePool
  private readonly loadsSeen: RecentQuantile
  private readonly uses: number
  private owedProbes = 0
  private owedRemovals = 0
  private removesOldest = true

  constructor(
    servers: PickableServers,
    tools: StrategyTools,
    options: OptionValues<typeof rules>,
    before: Picker | null,
  ) {
    this.servers = servers
    this.tools = tools
    this.options = options
    const former = before instanceof PrequalPicker ? before : undefined
    this.loads = new TrustedLoads(servers, former?.loads)
    this.loadOfOne = loadsOfOne(servers)
    this.sampler = new Sampler(sequenceOf(servers), servers.count, tools.random)
    this.pool = new ProbePool(options.pool_size)
    this.loadsSeen = former?.loadsSeen ?? new RecentQuantile(options.hot_quantile)
    this.uses = usesOf(servers.count, options)
  }

  pick(exchange: PickExchange): number {
    const { pool } = this
    this.sendProbes()
    pool.removeOlderThan(exchange.now - this.options.probe_age)
    const index = pool.size < LEAST_ANSWERS ? NONE : this.best(exchange)
    if (index === NONE) return pickOfTwo(exchange, this.sampler, this.loads)
    const position = pool.positions[index]!
    pool.uses[index]!--
    // An answer that is good for two and a half picks is used a third time every other time.
    if (pool.uses[index]! < 1 && pool.uses[index]! <= this.tools.random()) pool.remove(index)
    this.removeSome(exchange.now)
    return position
  }

  finished(position: number, result: AttemptResult): void {
    this.loads.finished(position, result)
  }

  probed(position: number, { ok, inFlight, millis, now }: ProbeAnswer): void {
    if (!ok) return
    const others = inFlight < 0 ? 0 : Math.max(0, inFlight - this.servers.inFlight(position))
    this.pool.add(position, others, millis, now, this.uses)
    this.loadsSeen.add((others + this.servers.inFlight(position)) * this.loadOfOne[position]!)
  }

  private sendProbes(): void {
    this.owedProbes += this.options.probes_per_request
    for (; this.owedProbes >= 1; this.owedProbes--) this.tools.probe(this.sampler.draw(), this.options.path)
  }

  /** The index in the pool of the server with the lowest score; NONE when all are excluded. */
  private best(exchange: PickExchange): number {
    const { pool } = this
    const { now } = exchange
    const hot = this.loadsSeen.get()
    let best = NONE
    let bestScore = Infinity
    for (let index = 0; index < pool.size; index++) {
      const score = this.score(index, now, hot)
      if (score >= bestScore || exchange.excludes(pool.positions[index]!)) continue
      best = index
      bestScore = score
    }
    return best
  }

  /** The paper removes one answer a pick, in turn the oldest and the worst, lest the pool fill up with those not chosen. */
  private removeSome(now: number): void {
    this.owedRemovals += Math.min(1, this.options.probes_per_request * REMOVED_PART)
    for (; this.owedRemovals >= 1; this.owedRemovals--) {
      if (this.pool.size === 0) continue
      this.pool.remove(this.removesOldest ? this.pool.oldest() : this.worst(now))
      this.removesOldest = !this.removesOldest
    }
  }

  /** The index in the pool of the server with the highest score. */
  private worst(now: number): number {
    const { pool } = this
    const hot = this.loadsSeen.get()
    let worst = 0
    let worstScore = -Infinity
    for (let index = 0; index < pool.size; index++) {
      const score = this.score(index, now, hot)
      if (score <= worstScore) continue
      worst = index
      worstScore = score
    }
    return worst
  }

  /** Below 0 where a server is cold, the lower the quicker it is; above 0 where it is hot, the higher the more it has in flight. */
  private score(index: number, now: number, hot: number): number {
    const { pool, loads, loadOfOne, servers } = this
    const position = pool.positions[index]!
    const factor = loads.factor(position, now)
    const inFlight = pool.others[index]! + servers.inFlight(position)
    const load = (1 + inFlight * loadOfOne[position]!) * factor - 1
    return load > hot ? load : -1 / (pool.millis[index]! * factor)
  }
}

/** How often an answer is used: (1 + δ) / ((1 − pool / servers) × probes − removals), at least once. */
function usesOf(count: number, { pool_size, probes_per_request }: OptionValues<typeof rules>): number {
  const removed = Math.min(1, probes_per_request * REMOVED_PART)
  const surplus = (1 - Math.min(pool_size, count) / count) * probes_per_request - removed
  if (surplus <= 0) return MOST_USES
  return Math.min(Math.max(1, (1 + DELTA) / surplus), MOST_USES)
}
