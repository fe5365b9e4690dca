// `node picks-of-one.ts NAME [OPTIONS]`: prints the bytes on the heap that one pick takes. In a process of its own, where V8 sees
// one strategy only, as in most balancers.
import { registry } from '../../src/registry.ts'
import type { PickExchange } from '../../src/seams/strategy.ts'
import { SimulatedPool } from './simulated-pool.ts'

const PICKS = 200_000
const ROUNDS = 7
const [name = '', options = '{}'] = process.argv.slice(2)

const bytes = [6, 200].flatMap((count) => {
  const pool = new SimulatedPool(Array.from({ length: count }, (_, position) => 1 + (position % 7)))
  const picker = pool.picker(registry.strategies[name]!, 1, undefined, JSON.parse(options))
  const exchange: PickExchange = { now: 0.5, excludes: () => false, key: () => 'some key' }
  const run = (picks: number): void => {
    for (let i = 0; i < picks; i++) {
      const position = picker.pick(exchange)
      pool.loads[position]! ^= 1
      picker.started?.(position)
    }
  }
  run(2 * PICKS)
  // A collection in between makes a round look better than it is: hence the median.
  const rounds = Array.from({ length: ROUNDS }, () => {
    const before = process.memoryUsage().heapUsed
    run(PICKS)
    return (process.memoryUsage().heapUsed - before) / PICKS
  })
  return [rounds.sort((a, b) => a - b)[(ROUNDS - 1) / 2]!]
})
console.log(Math.max(...bytes))
