// Requests that arrive at random and take a while, under a clock that nobody waits for: shows what a strategy learns.
import { seededRandom } from '../../src/base/random.ts'
import { OUTCOME, type PickExchange, type Picker, type Strategy } from '../../src/seams/strategy.ts'
import { SimulatedPool, SimulatedTurn } from './simulated-pool.ts'

export interface Traffic {
  readonly strategy: Strategy
  readonly options?: Record<string, unknown>
  readonly weights: readonly number[]
  /** Positions of servers that fail every exchange at once. */
  readonly failing?: readonly number[]
  /** Milliseconds that an exchange takes at a server at a time; 50 on average when left out. */
  readonly service?: (position: number, now: number, random: () => number) => number
  /** Requests a second. */
  readonly rate?: number
  /** Milliseconds. */
  readonly time?: number
  /** Answers probes: what the server says to have in flight; servers are not asked when left out. */
  readonly probes?: (position: number, inFlight: number, now: number) => { inFlight: number; millis: number }
  readonly seed?: number
}

export interface TrafficResult {
  readonly picks: number
  readonly failures: number
  readonly probes: number
  /** When each server was picked, in milliseconds, by position. */
  readonly times: readonly (readonly number[])[]
  /** How long each exchange took, in the order of the beginnings. */
  readonly millis: readonly number[]
}

export function simulateTraffic(traffic: Traffic): TrafficResult {
  const { strategy, weights, failing = [], rate = 500, time = 60_000, seed = 1 } = traffic
  const random = seededRandom(seed)
  const service = traffic.service ?? (() => -50 * Math.log(1 - random()))
  const pool = new SimulatedPool(weights)
  const times: number[][] = weights.map(() => [])
  const millis: number[] = []
  const running: { readonly position: number; readonly began: number; readonly end: number }[] = []
  let now = 0
  let failures = 0
  let probes = 0
  const probe = (position: number): void => {
    const answer = traffic.probes?.(position, pool.loads[position]!, now)
    if (answer === undefined) return
    probes++
    picker.probed?.(position, { ok: true, ...answer, now })
  }
  const made = strategy.make(
    pool,
    { random: seededRandom(seed + 1), turn: new SimulatedTurn(), probe },
    traffic.options ?? {},
    null,
  )
  const picker: Picker = made
  const exchange = { now: 0, excludes: () => false, key: () => String(random()) } satisfies PickExchange

  const finish = (position: number, outcome: 0 | 1, took: number): void => {
    pool.loads[position]!--
    picker.finished?.(position, { outcome, headMillis: took, millis: took, now })
  }
  for (let arrival = 0; arrival < time; arrival += (-1000 / rate) * Math.log(1 - random())) {
    for (;;) {
      const first = running.reduce((best, one, index) => (one.end < (running[best]?.end ?? Infinity) ? index : best), 0)
      if (running.length === 0 || running[first]!.end > arrival) break
      const [ended] = running.splice(first, 1)
      now = ended!.end
      finish(ended!.position, OUTCOME.ok, ended!.end - ended!.began)
    }
    now = arrival
    exchange.now = now
    const position = picker.pick(exchange)
    pool.loads[position]!++
    picker.started?.(position)
    times[position]!.push(now)
    if (failing.includes(position)) {
      failures++
      finish(position, OUTCOME.failed, 0.5)
    } else {
      const took = service(position, now, random)
      millis.push(took)
      running.push({ position, began: now, end: now + took })
    }
  }
  return { picks: times.reduce((sum, list) => sum + list.length, 0), failures, probes, times, millis }
}
