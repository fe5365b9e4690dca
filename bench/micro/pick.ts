// `node bench/micro/pick.ts [seconds] [strategy…]`: what one pick costs with each strategy, in nanoseconds and bytes.
// In-flight counts and the turn lie in shared memory as in a worker; every pick starts an exchange, and the one begun
// 2 × servers picks ago finishes, so that all servers are busy and least_active cannot stop at an idle one. The cost of telling
// the picker of the end, and of 1024 keys to hash, is in it; servers answer probes at once. Each strategy runs in a process
// of its own, as most balancers use only one.
import { spawnSync } from 'node:child_process'
import { seededRandom } from '../../src/base/random.ts'
import { registry } from '../../src/registry.ts'
import { defaultOptions } from '../../src/seams/options.ts'
import {
  OUTCOME,
  type PickableServers,
  type PickExchange,
  type Picker,
  type Strategy,
} from '../../src/seams/strategy.ts'
import { InFlight } from '../../src/shared/in-flight.ts'
import { ServerTable } from '../../src/shared/server-table.ts'
import { Turns } from '../../src/shared/turns.ts'
import { cost, costCells, cpuMicros } from './cost.ts'

const SIZES = [3, 10, 1000, 10_000]
const WEIGHTS: readonly [string, (position: number) => number][] = [
  ['equal weights', () => 1],
  ['weights 1 to 10', (position) => 1 + (position % 10)],
]
const KEYS = Array.from({ length: 1024 }, (_, index) => `/some/path/${index}`)
/** Further rows for strategies with options. */
const VARIANTS: Record<string, Record<string, unknown>[]> = {
  hash: [{}, { method: 'ring' }, { method: 'maglev' }, { method: 'maglev', bounded_load: 1.25 }],
}

class Workload {
  private readonly inFlight: InFlight
  private readonly picker: Picker
  /** The positions of the exchanges that run, oldest first from `oldest` on. */
  private readonly running: Int32Array
  private oldest = 0
  private at = 0
  private readonly exchange = {
    now: 0.5,
    excludes: () => false,
    key: () => KEYS[this.at++ & 1023]!,
  } satisfies PickExchange
  private readonly result = { outcome: OUTCOME.ok, headMillis: 5.5, millis: 7.5, now: 0.5 }

  /** Milliseconds that the strategy took to make its picker. */
  readonly made: number

  constructor(
    strategy: Strategy,
    count: number,
    weight: (position: number) => number,
    options: Record<string, unknown>,
  ) {
    const table = new ServerTable(count)
    const servers: PickableServers = {
      count,
      id: (position) => position,
      address: (position) => `10.0.${position >> 8}.${position & 255}:80`,
      weight,
      inFlight: (position) => table.inFlight(position),
    }
    this.inFlight = new InFlight(table, count)
    const answer = { ok: true, inFlight: 3, millis: 5.5, now: 0.5 }
    const probe = (position: number): void => {
      answer.now = this.exchange.now
      answer.millis = 5 + (position & 7)
      this.picker.probed?.(position, answer)
    }
    const begin = cpuMicros()
    this.picker = strategy.make(
      servers,
      { random: seededRandom(1), turn: new Turns(1).at(0, 0), probe },
      { ...defaultOptions(strategy.options ?? {}), ...options },
      null,
    )
    this.made = (cpuMicros() - begin) / 1000
    this.running = new Int32Array(2 * count)
    for (let i = 0; i < this.running.length; i++) this.running[i] = this.begin()
  }

  run(picks: number): void {
    for (let i = 0; i < picks; i++) {
      const ended = this.running[this.oldest]!
      this.exchange.now += 0.01
      this.result.now = this.exchange.now
      this.inFlight.release(ended)
      this.picker.finished?.(ended, this.result)
      this.running[this.oldest] = this.begin()
      this.oldest = this.oldest + 1 === this.running.length ? 0 : this.oldest + 1
    }
  }

  private begin(): number {
    const position = this.picker.pick(this.exchange)
    this.inFlight.take(position)
    this.picker.started?.(position)
    return position
  }
}

function measureStrategy(name: string, millis: number): void {
  for (const options of VARIANTS[name] ?? [{}]) {
    for (const [label, weight] of WEIGHTS) {
      for (const count of SIZES) {
        const workload = new Workload(registry.strategies[name]!, count, weight, options)
        const [nanos = '', bytes = ''] = costCells(cost((picks) => workload.run(picks), millis))
        const cells = [
          [name, ...Object.values(options)].join(' ').padEnd(18),
          label.padEnd(16),
          String(count).padStart(7),
          `${workload.made.toFixed(1)} ms`.padStart(10),
        ]
        console.log(...cells, nanos.padStart(12), bytes.padStart(10))
      }
    }
  }
}

function main(): void {
  const [seconds = '0.5', ...names] = process.argv.slice(2)
  if (names.length === 1) {
    measureStrategy(names[0]!, 1000 * Number(seconds))
    return
  }
  console.log('strategy           weights          servers    made in     per pick')
  for (const name of names.length === 0 ? Object.keys(registry.strategies) : names) {
    spawnSync(process.execPath, [import.meta.filename, seconds, name], { stdio: 'inherit' })
  }
}

main()
