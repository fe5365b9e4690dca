// `node test/soak/bytes.ts --minutes 2 --workers 1 [--seed 1]`: checks every byte of random exchanges (byte-check.ts). Exit code
// 1 when one was wrong, or when something is left of what went on.
import { parseArgs } from 'node:util'
import { startBalancer } from '../support/balancer.ts'
import { numbersFrom } from '../support/random.ts'
import { eventually } from '../support/wait.ts'
import { ByteCheck } from './byte-check.ts'

const CLIENTS = 40

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    workers: { type: 'string', default: '1' },
    seed: { type: 'string' },
  },
})
const seed = Number(values.seed ?? Date.now() % 1e9)
const until = performance.now() + Number(values.minutes) * 60_000
const workers = Number(values.workers)
console.log(`seed ${seed}, ${values.minutes} min, workers: ${workers}, Node ${process.version}`)
const cleanups: (() => unknown)[] = []
const owner = { after: (cleanup: () => unknown) => cleanups.unshift(cleanup) }
const check = new ByteCheck(numbersFrom(seed))
const servers = await Promise.all([check.startServer(owner), check.startServer(owner)])
const balancer = await startBalancer(owner, { servers, workers, upstream: { strategy: 'least_active' } })
try {
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (performance.now() < until && check.wrong.length === 0) await check.client(balancer.port)
    }),
  )
  await eventually(() => {
    const now = balancer.lb.metrics().totals
    return now.exchangesActive === 0 && now.clientConnectionsActive === 0
  }, 'everything to come to rest')
  const { totals } = balancer.lb.metrics()
  console.log(`${check.exchanges} whole exchanges, ${totals.requests} requests, ${totals.retries} retries`)
} catch (error) {
  check.wrong.push(`${error}`)
}
for (const text of check.wrong) console.log(text)
console.log(check.wrong.length === 0 ? 'PASSED' : 'FAILED')
for (const cleanup of cleanups) await cleanup()
process.exit(check.wrong.length === 0 ? 0 : 1)
