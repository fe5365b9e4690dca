// `npm run soak -- --minutes 20`: mixed traffic for a long time, while servers are killed and come back and the list of
// servers changes. All bytes that clients read are checked; in the end nothing may have been lost, counted wrongly, or kept.
// Exit code 1 on a breach. docs/benchmarks.md says what is compared and what is tolerated.
import { parseArgs } from 'node:util'
import { freePort } from '../../bench/machine/free-port.ts'
import { cpuTime } from '../../bench/machine/resources.ts'
import { numbersFrom } from '../support/random.ts'
import { eventually, pause } from '../support/wait.ts'
import type { Numbers } from './balancer-process.ts'
import { discrepancies } from './discrepancies.ts'
import { Ledger } from './ledger.ts'
import { LogBook } from './log-book.ts'
import { type OpenSockets, openSockets } from './open-sockets.ts'
import { ServerPool } from './server-pool.ts'
import { SoakedBalancer } from './soaked-balancer.ts'
import { Traffic } from './traffic.ts'

const MIB = 1024 * 1024
/** Servers that stay in the list and are killed; one more comes and goes. */
const STAYING = 3
/** How long everything may take to come to rest: the balancer's patience with clients and idle servers, and then some. */
const REST_MS = 20_000
/**
 * By how much memory may have grown from one rest to the other: a share, and bytes. The pool of read buffers keeps up to
 * 8 MiB in each worker, and how much of that a certain moment of traffic has needed is chance.
 */
const TOLERANCE = { heap: [0.05, MIB], buffers: [0.1, 8 * MIB], resident: [0.1, 16 * MIB] } as const

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '20' }, seed: { type: 'string' } } })
const minutes = Number(values.minutes)
if (!(minutes > 0)) throw new Error('npm run soak -- [--minutes 20] [--seed N]')
const seed = Number(values.seed ?? Date.now() % 1e9)
const random = numbersFrom(seed)
console.log(`soak of ${minutes} minutes, seed ${seed}, Node ${process.version}`)

const ledger = new Ledger()
const servers = new ServerPool(random, ledger)
await servers.add(STAYING + 1)
const port = await freePort()
const stayed = servers.urls.slice(0, STAYING)
const balancer = new SoakedBalancer({ port, servers: stayed, visitor: servers.urls[STAYING]! })
const log = new LogBook(balancer.output, ledger)
process.on('exit', () => {
  servers.stop()
  balancer.kill()
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))
await balancer.started()
const socketsAtFirst = await atRest((open) => open.connections === 0)
const begun: Record<string, number> = {}
const startedAt = performance.now()

// A quarter of the time, three minutes at most, is for code to be compiled and pools to fill; what grows after that grows for ever.
const warmUp = Math.min(minutes / 4, 3)
await drive(warmUp)
const before = await rest('after the warm-up')
await drive(minutes - warmUp)
const after = await rest('at the end')
compare(before, after)
await end()
verdict()

/** Lets traffic, kills and changes go on for so many minutes. */
async function drive(duration: number): Promise<void> {
  const traffic = new Traffic(port, random, ledger)
  const until = performance.now() + duration * 60_000
  balancer.startChanges()
  servers.startKilling(STAYING)
  traffic.start()
  while (performance.now() < until && balancer.ended === null) {
    await pause(Math.min(60_000, until - performance.now()))
    if (balancer.ended === null) report('', await balancer.numbers())
  }
  await traffic.stop()
  await servers.stopKilling()
  if (balancer.ended !== null) dead()
  await balancer.settle()
  for (const [kind, count] of Object.entries(traffic.begun)) begun[kind] = (begun[kind] ?? 0) + count
}

/** Waits until nothing goes on any more, and checks that nothing is left of what went on. */
async function rest(when: string): Promise<Numbers & { open: OpenSockets }> {
  const { files, ...expected } = socketsAtFirst
  const open = await atRest(({ files: _, ...now }) => JSON.stringify(now) === JSON.stringify(expected))
  let numbers = await balancer.numbers()
  await eventually(
    async () => {
      numbers = await balancer.numbers()
      return discrepancies(numbers.snapshot, log, stayed).length === 0
    },
    'the counters to agree',
    REST_MS,
  ).catch(() => {})
  for (const found of discrepancies(numbers.snapshot, log, stayed)) ledger.breach(`${when}: ${found}`)
  const { sockets, connections, listening } = open
  if (sockets !== expected.sockets || connections !== expected.connections || listening !== expected.listening) {
    ledger.breach(`${when}: sockets ${JSON.stringify(open)}, at first ${JSON.stringify(socketsAtFirst)}`)
  }
  const attempts = Object.values(begun).reduce((sum, count) => sum + count, 0)
  const { requests } = numbers.snapshot.totals
  if (requests > attempts) ledger.breach(`${when}: clients sent ${attempts} requests, ${requests} were counted`)
  report(` (${when}, at rest)`, numbers)
  return { ...numbers, open }
}

/** The balancer's sockets, once they are as asked for; after a while as they are. Health checks open one now and then. */
async function atRest(holds: (open: OpenSockets) => boolean): Promise<OpenSockets> {
  let open = openSockets(balancer.pid, port)
  const looks = async (): Promise<boolean> => {
    open = openSockets(balancer.pid, port)
    return holds(open)
  }
  await eventually(looks, 'the sockets to be closed', REST_MS).catch(() => {})
  return open
}

function compare(first: Numbers & { open: OpenSockets }, last: Numbers & { open: OpenSockets }): void {
  for (const [what, [share, bytes]] of Object.entries(TOLERANCE)) {
    const kind = what as keyof typeof TOLERANCE
    const [was, is] = [first.memory[kind], last.memory[kind]]
    console.log(`memory at rest, ${what}: ${mib(was)} after the warm-up, ${mib(is)} at the end`)
    if (is > was * (1 + share) + bytes) ledger.breach(`memory (${what}) has grown from ${mib(was)} to ${mib(is)}`)
  }
  console.log(`open files at rest: ${first.open.files} after the warm-up, ${last.open.files} at the end`)
  if (last.open.files > first.open.files) ledger.breach('more files are open than after the warm-up')
}

async function end(): Promise<void> {
  const code = await balancer.terminate()
  if (code !== 0) ledger.breach(`the balancer ended with ${code}`)
}

function dead(): never {
  console.log(`FAILED: the balancer ended by itself: ${balancer.ended}`)
  for (const text of ledger.texts) console.log(`  ${text}`)
  process.exit(1)
}

function report(when: string, { snapshot, memory, changes }: Numbers): void {
  const seconds = (performance.now() - startedAt) / 1000
  const { totals } = snapshot
  const cores = [process.pid, balancer.pid, ...servers.pids].map((pid) => (cpuTime([pid]) ?? 0) / 1e9)
  const parts = [
    `${(seconds / 60).toFixed(1)} min${when}: ${totals.requests} requests, ${totals.tunnels} tunnels, ${totals.retries} retries`,
    `${ledger.kills} kills, ${changes} changes of the list`,
    `now ${totals.clientConnectionsActive} connections, ${totals.exchangesActive} exchanges`,
    `resident ${mib(memory.resident)}, heap ${mib(memory.heap)}, buffers ${mib(memory.buffers)}`,
    `CPU ${((100 * cores[1]!) / seconds).toFixed(0)} % balancer, ${((100 * cores[0]!) / seconds).toFixed(0)} % clients`,
    `excused ${ledger.excused}, breaches ${ledger.breaches}`,
  ]
  console.log(parts.join('; '))
}

function verdict(): never {
  console.log(
    `begun: ${Object.entries(begun)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ')}`,
  )
  const failures = [...log.failures].map(([kind, count]) => `${kind} ${count}`).join(', ')
  console.log(`failures in the log: ${failures}`)
  console.log(ledger.breaches === 0 ? 'PASSED' : `FAILED: ${ledger.breaches} breaches`)
  for (const text of ledger.texts) console.log(`  ${text}`)
  process.exit(ledger.breaches === 0 ? 0 : 1)
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`
}
