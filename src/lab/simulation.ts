// One run: one strategy in one scenario, from the first request to the end of the last exchange. The same scenario and
// seed give the same run, and every strategy meets the same requests and the same faults.
import { seededRandom } from '../base/random.ts'
import { FAILURES } from '../seams/failures.ts'
import { type Attempt, Attempts } from './attempt.ts'
import { planFaults } from './faults.ts'
import type { OwnStrategy } from './own-strategies.ts'
import { type Result, resultOf } from './result.ts'
import type { Scenario, StrategyChoice } from './scenario.ts'
import { SimulatedBalancer } from './simulated-balancer.ts'
import { SimulatedExchange } from './simulated-exchange.ts'
import { SimulatedServer } from './simulated-server.ts'
import { Statistics } from './statistics.ts'
import { balancerPlans } from './upstreams.ts'
import { VirtualClock } from './virtual-clock.ts'
import { type PlannedWorkload, workloadOf } from './workload-of.ts'
import { EVENT, type World } from './world.ts'

/** How long after the last arrival exchanges may still end; then they count as unanswered. */
const PATIENCE = 10 * 60 * 1000

/** Runs a scenario; `own` is needed where the strategy is a file. Throws a ConfigError when what it says about the upstream is not valid. */
export function simulate(scenario: Scenario, strategy: StrategyChoice, own?: OwnStrategy): Result {
  return new Simulation(scenario, strategy, own).run()
}

class Simulation implements World {
  readonly clock = new VirtualClock()
  readonly attempts = new Attempts()
  readonly statistics: Statistics
  readonly network: number
  private readonly strategy: StrategyChoice
  private readonly planned: PlannedWorkload
  private readonly servers: readonly SimulatedServer[]
  private readonly balancers: readonly SimulatedBalancer[]
  private readonly choice: () => number
  /** By key, made when it comes for the first time. */
  private readonly keyTexts: string[] = []
  private readonly exchanges: SimulatedExchange[] = []
  private readonly free: SimulatedExchange[] = []
  private running = 0
  private arriving = true

  constructor(scenario: Scenario, strategy: StrategyChoice, own?: OwnStrategy) {
    const source = (name: string) => seededRandom(seedOf(scenario.seed, name))
    this.strategy = strategy
    this.network = scenario.network
    this.planned = workloadOf(scenario, source)
    const { workload, length } = this.planned
    const traits = scenario.servers.flatMap((group) => new Array<typeof group>(group.count).fill(group))
    const from = scenario.warmUp * length
    this.statistics = new Statistics({ servers: traits.length, keys: workload.keys, from, to: length })
    this.servers = traits.map((group, index) => new SimulatedServer(index + 1, group, this, source(`server ${index}`)))
    this.balancers = balancerPlans(scenario, strategy, own).map(({ plan, check, servers }, index) => {
      const known = servers.map((number) => this.servers[number - 1]!)
      return new SimulatedBalancer(this, plan, check, known, source(`balancer ${index}`))
    })
    this.choice = source('choice')
    planFaults(scenario.faults, this.servers, this.clock, this.attempts, from)
  }

  run(): Result {
    const { clock } = this
    this.planArrival()
    while (clock.next()) this.happen(clock.kind, clock.record)
    for (const exchange of this.exchanges) {
      if (!exchange.over) this.statistics.finished(exchange, 0, FAILURES.exchangeTimeout, false, 0)
    }
    const capacities = this.servers.map(({ slots, speed }) => slots * speed)
    return resultOf(nameOf(this.strategy), this.statistics, capacities)
  }

  answer(attempt: Attempt, delay: number): void {
    if (delay === 0) {
      attempt.view.balancer.answered(attempt)
      return
    }
    attempt.events++
    this.clock.plan(this.clock.now + delay, EVENT.answered, attempt.record)
  }

  finished(exchange: SimulatedExchange): void {
    exchange.over = true
    this.free.push(exchange)
    this.running--
    if (!this.arriving && this.running === 0) this.clock.stop()
  }

  private happen(kind: number, record: number): void {
    if (kind === EVENT.arrival) {
      this.arrive()
      return
    }
    const attempt = this.attempts.all[record]!
    attempt.events--
    if (kind === EVENT.atServer) attempt.view.server.arrive(attempt)
    else if (kind === EVENT.answered) attempt.view.balancer.answered(attempt)
    else {
      attempt.view.server.served(attempt)
      this.attempts.letGo(attempt)
    }
  }

  private planArrival(): void {
    const { workload } = this.planned
    if (workload.next()) {
      this.clock.plan(workload.time, EVENT.arrival, 0)
      return
    }
    this.arriving = false
    this.clock.after(PATIENCE, () => this.clock.stop())
  }

  private arrive(): void {
    const { workload } = this.planned
    const { now } = this.clock
    const { key, demand } = workload
    const exchange = this.free.pop() ?? this.makeExchange()
    const balancer = this.balancers.length === 1 ? 0 : Math.floor(this.choice() * this.balancers.length)
    this.keyTexts[key] ??= this.planned.keyText(key)
    exchange.begin(now, key, this.keyTexts[key], demand)
    this.running++
    this.statistics.arrived(now)
    this.planArrival()
    this.balancers[balancer]!.begin(exchange)
  }

  private makeExchange(): SimulatedExchange {
    const exchange = new SimulatedExchange()
    this.exchanges.push(exchange)
    return exchange
  }
}

/** A seed for each source, so that one that draws more does not change what the others draw. FNV-1a. */
function seedOf(seed: number, name: string): number {
  let hash = 0x811c9dc5
  for (const letter of `${seed} ${name}`) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193)
  return hash
}

/** How a choice is called in tables: its name, and its options where it has any. */
function nameOf(strategy: StrategyChoice): string {
  if (typeof strategy === 'string') return strategy
  const { name, ...options } = strategy
  const words = Object.entries(options).map(([option, value]) => `${option}=${valueText(value)}`)
  return words.length === 0 ? name : `${name} (${words.join(', ')})`
}

function valueText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
