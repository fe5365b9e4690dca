// The requests that a scenario asks for, and how long they go on coming.
import { measuresOf, ReplayWorkload } from './replay.ts'
import { capacityOf, type Scenario } from './scenario.ts'
import { SyntheticWorkload, type Workload } from './workload.ts'

export interface PlannedWorkload {
  readonly workload: Workload
  /** Milliseconds from the beginning to about the last arrival. */
  readonly length: number
  /** Requests per second, on average. */
  readonly rate: number
  /** The text of a key. */
  readonly keyText: (key: number) => string
}

/** `source` gives an independent source of random numbers for each name. */
export function workloadOf(scenario: Scenario, source: (name: string) => () => number): PlannedWorkload {
  const { recording, load, requests, arrivals, service, keys } = scenario
  const capacity = capacityOf(scenario)
  if (recording === null) {
    const rate = (load * capacity) / service.mean
    const workload = new SyntheticWorkload({ requests, rate, arrivals, service, keys }, source)
    return { workload, length: requests / rate, rate: rate * 1000, keyText: (key) => `key-${key + 1}` }
  }
  const { rate, meanService } = measuresOf(recording)
  const pace = load === 0 || rate === 0 ? 1 : (load * capacity) / meanService / rate
  const workload = new ReplayWorkload(recording, pace, requests)
  const last = recording.times[workload.requests - 1] ?? 0
  return { workload, length: last / pace, rate: rate * pace * 1000, keyText: (key) => recording.clients[key]! }
}
