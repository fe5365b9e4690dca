// `node bench/micro/pick.ts [seconds] [strategy…]`: what one pick costs with each strategy, in nanoseconds and bytes.
// In-flight counts and the turn lie in shared memory as in a worker; every pick starts an exchange, and the one begun
// 2 × servers picks ago finishes, so that all servers are busy and least_active cannot stop at an idle one. There are 1024 keys
// to hash, and each probe is answered when the pick that sent it is done. Each strategy runs in a process of its own, as most
// balancers use only one.
//
// `in all` is what an exchange costs: the pick, counting it in and out with Atomics, telling the picker of its start and end,
// and the answers to probes. `rest` is the same without the pick: what a stretch of it chose and asked is played back, so
// that the picker learns as much and is only never asked. `pick` is the difference of the two.
import { spawnSync } from 'node:child_process'
import { seededRandom } from '../../src/base/random.ts'
import { registry } from '../../src/registry.ts'
import { defaultOptions } from '../../src/seams/options.ts'
import {
  NONE,
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
/** Exchanges whose picks are kept to be played back. */
const RECORDED = 2 ** 16
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
  private readonly recorded = new Int32Array(RECORDED)
  /** Where probes of each recorded exchange went; NONE where it sent none. A second one for the same exchange is not played back. */
  private readonly probes = new Int32Array(RECORDED).fill(NONE)
  private recordedAt = 0
  private asked = NONE
  private readonly answer = { ok: true, inFlight: 3, millis: 5.5, now: 0.5 }
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
    const probe = (position: number): void => {
      this.asked = position
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
    for (let i = 0; i < this.running.length; i++) this.running[i] = this.begin(this.picker.pick(this.exchange))
  }

  run(picks: number): void {
    for (let i = 0; i < picks; i++) {
      this.end()
      this.replace(this.picker.pick(this.exchange))
    }
  }

  /** Keeps what is picked and probed, for `replay`. */
  record(): void {
    for (let i = 0; i < RECORDED; i++) {
      this.end()
      this.recorded[i] = this.picker.pick(this.exchange)
      this.probes[i] = this.asked
      this.replace(this.recorded[i]!)
    }
  }

  replay(picks: number): void {
    for (let i = 0; i < picks; i++) {
      this.end()
      this.recordedAt = (this.recordedAt + 1) & (RECORDED - 1)
      this.asked = this.probes[this.recordedAt]!
      this.replace(this.recorded[this.recordedAt]!)
    }
  }

  private end(): void {
    const ended = this.running[this.oldest]!
    this.exchange.now += 0.01
    this.result.now = this.exchange.now
    this.inFlight.release(ended)
    this.picker.finished?.(ended, this.result)
  }

  private replace(position: number): void {
    this.running[this.oldest] = this.begin(position)
    this.oldest = this.oldest + 1 === this.running.length ? 0 : this.oldest + 1
  }

  private begin(position: number): number {
    this.inFlight.take(position)
    this.picker.started?.(position)
    if (this.asked !== NONE) this.answered(this.asked)
    this.asked = NONE
    return position
  }

  private answered(position: number): void {
    this.answer.now = this.exchange.now
    this.answer.millis = 5 + (position & 7)
    this.picker.probed?.(position, this.answer)
  }
}

function measureStrategy(name: string, millis: number): void {
  for (const options of VARIANTS[name] ?? [{}]) {
    for (const [label, weight] of WEIGHTS) {
      for (const count of SIZES) {
        const workload = new Workload(registry.strategies[name]!, count, weight, options)
        const all = cost((picks) => workload.run(picks), millis)
        workload.record()
        const rest = cost((picks) => workload.replay(picks), millis)
        const [nanos = '', bytes = ''] = costCells(all)
        const cells = [
          [name, ...Object.values(options)].join(' ').padEnd(18),
          label.padEnd(16),
          String(count).padStart(7),
          `${workload.made.toFixed(1)} ms`.padStart(10),
        ]
        const parts = [all.nanos - rest.nanos, rest.nanos].map((part) => `${part.toFixed(0)} ns`.padStart(8))
        console.log(...cells, nanos.padStart(8), ...parts, bytes.padStart(10))
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
  console.log('strategy           weights          servers    made in   in all     pick     rest')
  for (const name of names.length === 0 ? Object.keys(registry.strategies) : names) {
    spawnSync(process.execPath, [import.meta.filename, seconds, name], { stdio: 'inherit' })
  }
}

main()
