// `npm run bench:allocations`: bytes that one exchange leaves on the heap of a worker, by case, through a real balancer,
// against the figures that are kept in bench/results/allocations.json. Unlike times these hardly depend on the machine
// or on what else it does. Exit code 1 when one is clearly above its figure; `--record` keeps the new ones.
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { parseArgs } from 'node:util'
import { BroadcastChannel } from 'node:worker_threads'
import { createLoadBalancer } from '../src/index.ts'
import { ALLOCATIONS } from './allocations-channel.ts'
import { type BenchCase, serialise } from './cases/bench-case.ts'
import { body64k } from './cases/body64k.ts'
import { browser } from './cases/browser.ts'
import { post10k } from './cases/post10k.ts'
import { small } from './cases/small.ts'
import { smallLogged } from './cases/small-logged.ts'
import { explain } from './explain.ts'
import { allocated } from './micro/cost.ts'
import { table } from './report/table.ts'

const CASES: readonly BenchCase[] = [small, browser, post10k, body64k, smallLogged]
const RECORD = new URL('results/allocations.json', import.meta.url)
const CONNECTIONS = 8
/** Exchanges until the code is compiled and the pools are full. */
const WARM_UP = 30_000
const MEASURED = 20_000
/** What may lie between two runs: a share, and bytes. */
const TOLERANCE = { share: 0.05, bytes: 32 }

interface Record {
  readonly node: string
  /** By case. */
  readonly bytesPerExchange: { readonly [name: string]: number }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { record: { type: 'boolean', default: false } } })
  if (allocated() === null) throw new Error('this Node does not count allocations; it takes Node 26')
  const record = JSON.parse(readFileSync(RECORD, 'utf8')) as Record
  const measured: { [name: string]: number } = {}
  const rows = [['case', 'bytes per exchange', `recorded (Node ${record.node})`, '']]
  for (const benchCase of CASES) {
    const bytes = Math.round(await measure(benchCase))
    measured[benchCase.name] = bytes
    const before = record.bytesPerExchange[benchCase.name]
    const above = before !== undefined && bytes > before * (1 + TOLERANCE.share) + TOLERANCE.bytes
    if (above && !values.record) process.exitCode = 1
    rows.push([benchCase.name, String(bytes), String(before ?? '–'), above ? '!!! above' : ''])
  }
  console.log(table(rows))
  if (!values.record) return
  const kept: Record = { node: process.versions.node, bytesPerExchange: measured }
  writeFileSync(RECORD, `${JSON.stringify(kept, null, 2)}\n`)
}

async function measure(benchCase: BenchCase): Promise<number> {
  const origin = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume()
    request.on('end', () => {
      // No Date: it would change the head once in a while.
      response.sendDate = false
      response.setHeader('Content-Length', benchCase.responseBody.length)
      response.end(benchCase.responseBody)
    })
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const { port } = origin.address() as AddressInfo
  const balancer = createLoadBalancer(
    {
      listeners: [{ address: '127.0.0.1', port: 0 }],
      servers: { urls: [`http://127.0.0.1:${port}`] },
      workers: 1,
      health_check: 'off',
      logging: { selection: benchCase.logging },
    },
    { threads: { entry: new URL('allocations-worker.ts', import.meta.url) } },
  )
  await balancer.start()
  try {
    await exchange(balancer.addresses[0]!.port, benchCase, WARM_UP)
    const before = await count()
    await exchange(balancer.addresses[0]!.port, benchCase, MEASURED)
    return ((await count()) - before) / MEASURED
  } finally {
    await balancer.stop({ timeout: 0 })
    origin.close()
    origin.closeAllConnections()
  }
}

/** What the worker has allocated so far. */
async function count(): Promise<number> {
  const channel = new BroadcastChannel(ALLOCATIONS)
  const answer = new Promise<number>((resolve) => {
    channel.onmessage = (event) => resolve((event as { data: number }).data)
  })
  channel.postMessage('count')
  const bytes = await answer
  channel.close()
  return bytes
}

/** So many exchanges over a few connections that are kept. */
async function exchange(port: number, { requests, responseBody }: BenchCase, times: number): Promise<void> {
  const messages = requests.map(serialise)
  let begun = 0
  await Promise.all(
    Array.from({ length: CONNECTIONS }, () => {
      return new Promise<void>((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', noDelay: true })
        let missing = 0
        const next = (): void => {
          if (begun === times) {
            socket.destroy()
            resolve()
          } else socket.write(messages[begun++ % messages.length]!)
        }
        socket.on('connect', next)
        socket.on('error', reject)
        socket.on('data', (chunk: Buffer) => {
          // A response begins with its head, which is small enough to come whole.
          if (missing === 0) missing = chunk.indexOf('\r\n\r\n') + 4 + responseBody.length
          missing -= chunk.length
          if (missing === 0) next()
        })
      })
    }),
  )
}

main().catch(explain)
