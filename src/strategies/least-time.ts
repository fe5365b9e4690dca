// The server that is expected to be done first: its average latency, times what is in flight there for its weight and the
// exchange itself (picking/expected-times.ts). An average that nothing refreshes drifts to what is typical of all.
import { ExpectedTimes } from '../picking/expected-times.ts'
import { LATENCY, type LatencyOptions } from '../picking/latencies.ts'
import { decayOption, measureOption } from '../picking/latency-options.ts'
import { Least } from '../picking/least.ts'
import { defineStrategy } from '../seams/define-strategy.ts'
import type { AttemptResult, PickableServers, PickExchange, Picker, StrategyTools } from '../seams/strategy.ts'

/** As in least_active, but a score costs more to work out. */
const EXACT_UP_TO = 32
/** Until a first response tells; it only matters against servers that have told. */
const EXPECTED_MS = 30

export const leastTime = defineStrategy({
  name: 'least_time',
  title: 'least time',
  summary: 'The server with the lowest average latency, times what is in flight there for its weight.',
  showsLoad: true,
  options: { measure: measureOption, decay: decayOption },
  make(servers, tools, { measure, decay }, before) {
    const options = { kind: LATENCY.average, decay, expected: EXPECTED_MS, whole: measure === 'last_byte' }
    return new LeastTimePicker(servers, tools, options, before)
  },
})

class LeastTimePicker implements Picker {
  private readonly times: ExpectedTimes
  private readonly least: Least

  constructor(servers: PickableServers, tools: StrategyTools, options: LatencyOptions, before: Picker | null) {
    this.times = new ExpectedTimes(servers, options, before instanceof LeastTimePicker ? before.times : undefined)
    this.least = new Least(servers, tools, this.times, EXACT_UP_TO)
  }

  pick(exchange: PickExchange): number {
    return this.least.pick(exchange)
  }

  finished(position: number, result: AttemptResult): void {
    this.times.finished(position, result)
    this.least.finished(position)
  }
}
