// `node --expose-gc bench/micro/exchange.ts [seconds] [folder] [case]`: what an exchange costs in JavaScript alone, in
// nanoseconds and bytes on the heap. Clients and servers are handles that only pretend: no system call is made, and a write
// copies the bytes and no more. `folder` is another tree to measure, for comparing.
import { join, resolve } from 'node:path'
import { serialise } from '../cases/bench-case.ts'
import { browser } from '../cases/browser.ts'
import { small } from '../cases/small.ts'

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
const URLS = ['http://127.0.0.1:81', 'http://127.0.0.1:82', 'http://127.0.0.1:83']

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

  constructor(written: (handle: PretendedHandle) => void) {
    this.written = written
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
    out.address = '127.0.0.1'
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

function makeRuntime() {
  const config = normaliseConfig({ load_balancer: { port: 1 }, servers: { urls: URLS } })
  const { name } = config.upstreams[0]!
  const slots = {
    servers: Object.fromEntries(URLS.map((url, slot) => [`${name} ${url}`, slot])),
    turns: { [name]: 0 },
  }
  const table = new ServerTable(URLS.length)
  return new Runtime(compilePlan(config, slots, 1), {
    table,
    inFlight: new InFlight(table, URLS.length),
    worker: 0,
    turns: new Turns(1),
    gates: new Gates({ capacity: 1, workers: 1 }),
    samples: new UpstreamSamples(1),
    counters: new Counters(URLS.length),
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

async function measure(requests: readonly Buffer[], seconds: number): Promise<void> {
  const runtime = makeRuntime()
  const clients = Array.from({ length: CLIENTS }, () => new PretendedHandle(() => answered++))
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
  const run = (millis: number): number => {
    const end = performance.now() + millis
    let rounds = 0
    while (performance.now() < end) {
      round()
      rounds++
    }
    return rounds
  }
  run(1500)
  // The best of many short runs: whatever else the machine does can only add to it.
  let nanos = Number.POSITIVE_INFINITY
  for (let i = 0; i < seconds * 20; i++) {
    const before = process.cpuUsage()
    const exchanges = run(50) * CLIENTS
    const used = process.cpuUsage(before)
    nanos = Math.min(nanos, ((used.user + used.system) * 1000) / exchanges)
    await new Promise((resolve) => setImmediate(resolve))
  }
  globalThis.gc?.()
  const heap = process.memoryUsage().heapUsed
  for (let i = 0; i < 4; i++) round()
  const bytes = (process.memoryUsage().heapUsed - heap) / (4 * CLIENTS)
  console.log(`${nanos.toFixed(0)} ns, ${bytes.toFixed(0)} bytes for each exchange`)
  runtime.close()
}

const seconds = Number(process.argv[2] ?? 2)
for (const { name, requests } of [small, browser]) {
  if (process.argv[4] !== undefined && process.argv[4] !== name) continue
  process.stdout.write(`${name}: `)
  await measure(requests.map(serialise), seconds)
}
if (answered === 0) throw new Error('no client got an answer')
process.exit()
