// The results of several strategies in one scenario: what the reports are made of.

import type { OwnStrategies } from './own-strategies.ts'
import { measuresOf } from './replay.ts'
import type { Result } from './result.ts'
import { capacityOf, type Scenario, type StrategyChoice, serverCount } from './scenario.ts'
import { simulate } from './simulation.ts'
import { workloadOf } from './workload-of.ts'

export interface Comparison {
  readonly scenario: ScenarioFacts
  readonly results: readonly Result[]
}

/** What a report says about a scenario. */
export interface ScenarioFacts {
  readonly name: string
  readonly summary: string
  readonly servers: number
  readonly balancers: number
  readonly requests: number
  /** Share of what all servers together can bear that the requests ask for. */
  readonly load: number
  /** Requests per second, on average. */
  readonly rate: number
  /** Seconds from the first request to the last. */
  readonly seconds: number
  readonly seed: number
  /** When something goes wrong and until when, in seconds from the end of the warm-up; `null`: from the beginning, or to the end. */
  readonly faults: readonly { readonly kind: string; readonly from: number | null; readonly to: number | null }[]
  /** What a reader should know before trusting the numbers. */
  readonly notes: readonly string[]
}

/** `own` has those of the strategies that are files. */
export function compare(scenario: Scenario, strategies: readonly StrategyChoice[], own?: OwnStrategies): Comparison {
  const results = strategies.map((strategy) => simulate(scenario, strategy, own?.get(strategy)))
  const facts = factsOf(scenario)
  const failed = results.filter(({ strategyFailure }) => strategyFailure !== '')
  const notes = failed.map(({ strategy, strategyFailure }) => `${strategy} broke down: ${strategyFailure}.`)
  return { scenario: { ...facts, notes: [...facts.notes, ...notes] }, results }
}

export function factsOf(scenario: Scenario): ScenarioFacts {
  const { workload, rate, length } = workloadOf(scenario, () => () => 0.5)
  const counted = length * (1 - scenario.warmUp)
  const late = scenario.faults.filter(({ at }) => at !== null && at >= counted)
  return {
    name: scenario.name,
    summary: scenario.summary,
    servers: serverCount(scenario),
    balancers: scenario.balancers,
    requests: workload.requests,
    load: loadOf(scenario, rate),
    rate,
    seconds: length / 1000,
    seed: scenario.seed,
    faults: scenario.faults.map(({ kind, at, length: lasts }) => ({
      kind,
      from: at === null ? null : at / 1000,
      to: lasts === 0 ? null : ((at ?? 0) + lasts) / 1000,
    })),
    notes: late.map(
      ({ kind, at }) =>
        `The fault "${kind}" at ${at! / 1000} s comes after the last request, at ${(counted / 1000).toFixed(1)} s: ask for more requests.`,
    ),
  }
}

/** `rate` per second. */
function loadOf(scenario: Scenario, rate: number): number {
  const { recording, service } = scenario
  const mean = recording === null ? service.mean : measuresOf(recording).meanService
  return ((rate / 1000) * mean) / capacityOf(scenario)
}
