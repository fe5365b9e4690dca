// `node --expose-gc bench/micro/exchange.ts [seconds] [folder] [small|browser|strategies]`: what an exchange costs in JavaScript alone, in
// nanoseconds and bytes on the heap. Clients and servers are handles that only pretend: no system call is made, and a write
// copies the bytes and no more. `folder` is another tree to measure, for comparing.
//
// With `strategies` as the case: a small exchange with each strategy and ten servers, in nanoseconds, and what it costs above
// round_robin. Each has a process of its own, as most balancers use only one strategy, and they run in turns (A B C, A B C, …), so that
// noise meets all alike. Clients have an address and a path each, to be hashed. Probes go to pretended servers, too.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { serialise } from '../cases/bench-case.ts'
import { browser } from '../cases/browser.ts'
import { SMALL_REQUEST, small } from '../cases/small.ts'

const folder = resolve(process.argv[3] ?? join(import.meta.dirname, '../..'))
const { Channel }: typeof import('../../src/proxy/channel.ts') = await import(`${folder}/src/proxy/channel.ts`)
const { ClientConnection }: typeof import('../../src/proxy/client-connection.ts') = await import(
  `${folder}/src/proxy/client-connection.ts`
)
const { Runtime }: typeof import('../../src/proxy/runtime.ts') = await import(`${folder}/src/proxy/runtime.ts`)
const { normaliseConfig }: typeof import('../../src/config/load.ts') = await import(`${folder}/src/config/load.ts`)
const { compilePlan }: typeof import('../../src/plan/compile-plan.ts') = await import(
  `${folder}/src/plan/compile-plan.ts`
)
const { Counters }: typeof import('../../src/shared/counters.ts') = await import(`${folder}/src/shared/counters.ts`)
const { Gates }: typeof import('../../src/shared/gates.ts') = await import(`${folder}/src/shared/gates.ts`)
const { UpstreamSamples }: typeof import('../../src/shared/upstream-samples.ts') = await import(
  `${folder}/src/shared/upstream-samples.ts`
)
const { InFlight }: typeof import('../../src/shared/in-flight.ts') = await import(`${folder}/src/shared/in-flight.ts`)
const { ServerTable }: typeof import('../../src/shared/server-table.ts') = await import(
  `${folder}/src/shared/server-table.ts`
)
const { writeBatch }: typeof import('../../src/proxy/write-batch.ts') = await import(
  `${folder}/src/proxy/write-batch.ts`
)
const { Turns }: typeof import('../../src/shared/turns.ts') = await import(`${folder}/src/shared/turns.ts`)

const CLIENTS = 64
const RUN_MS = 50
const RUNS_PER_SECOND = 1000 / RUN_MS
const WARM_UP_RUNS = 30
const STRATEGIES = [
  { name: 'round_robin' },
  { name: 'least_active' },
  { name: 'random' },
  { name: 'two_choices' },
  { name: 'least_time' },
  { name: 'peak_ewma' },
  { name: 'prequal' },
  { name: 'ip_hash' },
  { name: 'hash', method: 'rendezvous' },
  { name: 'hash', method: 'ring' },
  { name: 'hash', method: 'maglev' },
  { name: 'first_available' },
]

interface StreamWrap {
  streamBaseState: Int32Array
  kReadBytesOrError: number
}
const streamWrap = (process as unknown as { binding(name: string): StreamWrap }).binding('stream_wrap')
const wire = Buffer.allocUnsafeSlow(256 * 1024)

class PretendedHandle {
  readonly fd = -1
  onread: (() => void) | null = null
  writeQueueSize = 0
  bytesWritten = 0
  private buffer: Buffer = wire
  private readonly written: (handle: PretendedHandle) => void
  private readonly address: string

  constructor(written: (handle: PretendedHandle) => void, address = '127.0.0.1') {
    this.written = written
    this.address = address
  }

  /** Delivers bytes to whoever reads. */
  receive(bytes: Buffer): void {
    bytes.copy(this.buffer)
    streamWrap.streamBaseState[streamWrap.kReadBytesOrError] = bytes.length
    this.onread!()
  }

  useUserBuffer(buffer: Buffer): void {
    this.buffer = buffer
  }

  writeLatin1String(_request: null, text: string): number {
    wire.write(text, 0, 'latin1')
    this.written(this)
    return 0
  }

  writeBuffer(_request: null, bytes: Buffer): number {
    void bytes.length
    this.written(this)
    return 0
  }

  writev(): number {
    this.written(this)
    return 0
  }

  getpeername(out: { address?: string }): number {
    out.address = this.address
    return 0
  }

  readStart(): number {
    return 0
  }

  readStop(): number {
    return 0
  }

  setNoDelay(): number {
    return 0
  }

  close(): void {}
}

function makeRuntime(servers: number, strategy: { name: string } | undefined) {
  const urls = Array.from({ length: servers }, (_, index) => `http://127.0.0.1:${81 + index}`)
  const config = normaliseConfig({
    load_balancer: { port: 1, ...(strategy && { strategy }) },
    servers: { urls },
  })
  const { name } = config.upstreams[0]!
  const slots = {
    servers: Object.fromEntries(urls.map((url, slot) => [`${name} ${url}`, slot])),
    turns: { [name]: 0 },
  }
  const table = new ServerTable(servers)
  return new Runtime(compilePlan(config, slots, 1), {
    table,
    inFlight: new InFlight(table, servers),
    worker: 0,
    turns: new Turns(1),
    gates: new Gates({ capacity: 1, workers: 1 }),
    samples: new UpstreamSamples(1),
    counters: new Counters(servers),
    log: {
      selected: null,
      finished: null,
      hedging: null,
      strategyFailed() {},
      upstreamFull() {},
      retrying() {},
      failed() {},
      tooManyClients() {},
      acceptFailed() {},
      refused() {},
    },
    random: Math.random,
    clientConnections: () => 0,
    metrics: () => ({ contentType: '', body: '' }),
    onConnectFailures() {},
    onSick() {},
  })
}

const asked: PretendedHandle[] = []
let answered = 0
const opening: (() => void)[] = []
Channel.connect = (buffers, owner, _address, onConnect) => {
  opening.push(onConnect)
  return Channel.adopt(buffers, owner, new PretendedHandle((handle) => asked.push(handle)) as never)
}

const response = Buffer.from(
  `HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Wed, 25 Nov 2026 12:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 120\r\nConnection: keep-alive\r\nX-Server: 1\r\n\r\n${'x'.repeat(120)}`,
)

function startLoad(requests: readonly Buffer[], servers: number, strategy?: { name: string }) {
  const runtime = makeRuntime(servers, strategy)
  const clients = Array.from(
    { length: CLIENTS },
    (_, index) => new PretendedHandle(() => answered++, `10.0.0.${index}`),
  )
  for (const client of clients) new ClientConnection(runtime, client as never)
  let turn = 0
  const round = (): void => {
    for (const client of clients) {
      client.receive(requests[turn]!)
      turn = turn + 1 === requests.length ? 0 : turn + 1
    }
    for (const connect of opening.splice(0)) connect()
    writeBatch.flush()
    for (const server of asked) server.receive(response)
    asked.length = 0
    writeBatch.flush()
  }
  /** Returns nanoseconds of processor time for each exchange. */
  const run = (): number => {
    const answeredBefore = answered
    const before = process.cpuUsage()
    const end = performance.now() + RUN_MS
    let rounds = 0
    while (performance.now() < end) {
      round()
      rounds++
    }
    const used = process.cpuUsage(before)
    if (answered - answeredBefore < rounds * CLIENTS) throw new Error('some requests got no answer')
    return ((used.user + used.system) * 1000) / (rounds * CLIENTS)
  }
  return { runtime, round, run }
}

async function measure(requests: readonly Buffer[], seconds: number): Promise<void> {
  const { runtime, round, run } = startLoad(requests, 3)
  for (let i = 0; i < WARM_UP_RUNS; i++) run()
  // The best of many short runs: whatever else the machine does can only add to it.
  let nanos = Number.POSITIVE_INFINITY
  for (let i = 0; i < seconds * RUNS_PER_SECOND; i++) {
    nanos = Math.min(nanos, run())
    await new Promise((resolve) => setImmediate(resolve))
  }
  globalThis.gc?.()
  const heap = process.memoryUsage().heapUsed
  for (let i = 0; i < 4; i++) round()
  const bytes = (process.memoryUsage().heapUsed - heap) / (4 * CLIENTS)
  console.log(`${nanos.toFixed(0)} ns, ${bytes.toFixed(0)} bytes for each exchange`)
  runtime.close()
}

/** What each process for a strategy does: a short run whenever it is told to. */
function serveRuns(strategy: { name: string }): void {
  const requests = Array.from({ length: CLIENTS }, (_, index) => ({ ...SMALL_REQUEST, target: `/${index}` }))
  let load: ReturnType<typeof startLoad> | undefined
  process.on('message', () => {
    // Not before it is needed: the first request of a client must come soon.
    load ??= startLoad(requests.map(serialise), 10, strategy)
    process.send!(load.run())
  })
}

async function compareStrategies(seconds: number): Promise<void> {
  const runners = STRATEGIES.map((strategy) => {
    const child = fork(import.meta.filename, ['0', folder, 'strategies', JSON.stringify(strategy)])
    return { label: Object.values(strategy).join(' '), child, nanos: [] as number[] }
  })
  for (let round = -WARM_UP_RUNS; round < seconds * RUNS_PER_SECOND; round++) {
    for (const { child, nanos } of runners) {
      child.send('run')
      const [took] = (await once(child, 'message')) as [number]
      if (round >= 0) nanos.push(took)
    }
  }
  console.log('strategy             median      best     above round_robin')
  const [yardstick] = runners
  for (const { label, child, nanos } of runners) {
    child.disconnect()
    const above = median(nanos.map((took, round) => took - yardstick!.nanos[round]!))
    const figures = [median(nanos), Math.min(...nanos), above].map((figure) => `${figure.toFixed(0)} ns`.padStart(9))
    console.log(label.padEnd(18), ...figures)
  }
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[figures.length >> 1]!
}

const seconds = Number(process.argv[2] ?? 2)
if (process.argv[5] !== undefined) serveRuns(JSON.parse(process.argv[5]))
else if (process.argv[4] === 'strategies') await compareStrategies(seconds)
else {
  for (const { name, requests } of [small, browser]) {
    if (process.argv[4] !== undefined && process.argv[4] !== name) continue
    process.stdout.write(`${name}: `)
    await measure(requests.map(serialise), seconds)
  }
  process.exit()
}
