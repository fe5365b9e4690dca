// `node --expose-gc bench/micro/pick.ts [seconds]`: what one pick costs with each strategy, in nanoseconds and bytes.
// In-flight counts and the turn lie in shared memory as in a worker; every pick starts an exchange, and the one begun
// 2 × servers picks ago finishes, so that all servers are busy and least_active cannot stop at an idle one.
import { seededRandom } from '../../src/base/random.ts'
import { registry } from '../../src/registry.ts'
import type { PickableServers, PickExchange, Picker, Strategy } from '../../src/seams/strategy.ts'
import { InFlight } from '../../src/shared/in-flight.ts'
import { ServerTable } from '../../src/shared/server-table.ts'
import { Turns } from '../../src/shared/turns.ts'

const SIZES = [3, 10, 1000, 10_000]
const WEIGHTS: readonly [string, (position: number) => number][] = [
  ['equal weights', () => 1],
  ['weights 1 to 10', (position) => 1 + (position % 10)],
]

class Workload {
  private readonly inFlight: InFlight
  private readonly picker: Picker
  /** The positions of the exchanges that run, oldest first from `oldest` on. */
  private readonly running: Int32Array
  private oldest = 0
  private readonly exchange: PickExchange = { now: 0, excludes: () => false, key: () => '' }

  /** Milliseconds that the strategy took to make its picker. */
  readonly made: number

  constructor(strategy: Strategy, count: number, weight: (position: number) => number) {
    const table = new ServerTable(count)
    const servers: PickableServers = {
      count,
      id: (position) => position,
      address: (position) => `10.0.${position >> 8}.${position & 255}:80`,
      weight,
      inFlight: (position) => table.inFlight(position),
    }
    this.inFlight = new InFlight(table, count)
    const begin = performance.now()
    this.picker = strategy.make(
      servers,
      { random: seededRandom(1), turn: new Turns(1).at(0, 0), probe: () => {} },
      {},
      null,
    )
    this.made = performance.now() - begin
    this.running = new Int32Array(2 * count)
    for (let i = 0; i < this.running.length; i++) this.running[i] = this.begin()
  }

  run(picks: number): void {
    for (let i = 0; i < picks; i++) {
      this.inFlight.release(this.running[this.oldest]!)
      this.running[this.oldest] = this.begin()
      this.oldest = this.oldest + 1 === this.running.length ? 0 : this.oldest + 1
    }
  }

  private begin(): number {
    const position = this.picker.pick(this.exchange)
    this.inFlight.take(position)
    return position
  }
}

/** Runs for about that long; returns the nanoseconds and the bytes on the heap of each pick. */
function measure(workload: Workload, millis: number): { nanos: number; bytes: number } {
  let batch = 100
  let took = 0
  for (; ; batch *= 2) {
    const begin = performance.now()
    workload.run(batch)
    took = performance.now() - begin
    if (took > millis / 10) break
  }
  const picks = Math.ceil((batch * millis) / took)
  globalThis.gc?.()
  const heap = process.memoryUsage().heapUsed
  const begin = performance.now()
  workload.run(picks)
  const nanos = ((performance.now() - begin) * 1e6) / picks
  return { nanos, bytes: Math.max(0, process.memoryUsage().heapUsed - heap) / picks }
}

function main(): void {
  const millis = 1000 * Number(process.argv[2] ?? 0.5)
  console.log('strategy       weights          servers    made in     per pick')
  for (const [name, strategy] of Object.entries(registry.strategies)) {
    for (const [label, weight] of WEIGHTS) {
      for (const count of SIZES) {
        const workload = new Workload(strategy, count, weight)
        const { nanos, bytes } = measure(workload, millis)
        const cells = [
          name.padEnd(14),
          label.padEnd(16),
          String(count).padStart(7),
          `${workload.made.toFixed(1)} ms`.padStart(10),
        ]
        console.log(...cells, `${nanos.toFixed(0)} ns`.padStart(12), bytes >= 1 ? `${bytes.toFixed(0)} bytes` : '')
      }
    }
  }
}

main()
