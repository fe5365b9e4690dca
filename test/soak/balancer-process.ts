// The balancer of the soak, as a program that uses the library: two workers, two upstreams over the same servers, one of
// which (the visitor) is removed and added again all the time. `node --expose-gc balancer-process.ts SETUP`, as a child
// with a message channel; ends with exit code 0 on SIGTERM.
import { BroadcastChannel } from 'node:worker_threads'
import { firstStopSignal } from '../../src/cli/stop-signals.ts'
import { createLoadBalancer, type Snapshot } from '../../src/index.ts'
import { CHANNEL } from './soak-channel.ts'

export interface BalancerSetup {
  readonly port: number
  /** URLs of the servers that stay. */
  readonly servers: readonly string[]
  /** URL of the one that comes and goes. */
  readonly visitor: string
}

/** `settle`: the visitor comes back and stays; `changes`: it comes and goes; `numbers` is answered with Numbers. */
export type Order = 'settle' | 'changes' | 'numbers'

export interface Numbers {
  readonly snapshot: Snapshot
  /** How often the visitor came or went. */
  readonly changes: number
  /** Bytes, after a garbage collection in every thread; `heap` and `buffers` are sums over the threads. */
  readonly memory: { readonly resident: number; readonly heap: number; readonly buffers: number }
}

export const WORKERS = 2
const CHANGE_MS = 500

const { port, servers, visitor } = JSON.parse(process.argv[2]!) as BalancerSetup
const signal = firstStopSignal()
const all = [...servers, visitor]
const upstreams = ['least', 'turns']
const balancer = createLoadBalancer(
  {
    listeners: [{ address: '127.0.0.1', port }],
    routes: [
      { match: { path_prefix: '/turns' }, upstream: 'turns' },
      { match: {}, upstream: 'least' },
    ],
    upstreams: { least: { strategy: 'least_active', servers: all }, turns: { strategy: 'round_robin', servers: all } },
    workers: WORKERS,
    health_check: { kind: 'http', path: '/health', interval: '1s', interval_down: '500ms' },
    timeouts: { response_head: '5s' },
    // Short, so that soon after the traffic no connection is left at all.
    connections: { idle_timeout: '3s' },
    logging: { format: 'json', selection: true, access: true },
  },
  { stdout: true, threads: { entry: new URL('./soak-worker.ts', import.meta.url) } },
)

let present = true
let changing: NodeJS.Timeout | undefined
let changes = 0

async function change(): Promise<void> {
  present = !present
  changes++
  for (const upstream of upstreams) {
    if (present) await balancer.addServer(visitor, upstream)
    else await balancer.removeServer(visitor, upstream)
  }
}

/** Memory of all threads after a garbage collection in each. */
async function memory(): Promise<Numbers['memory']> {
  const channel = new BroadcastChannel(CHANNEL)
  const heaps = await new Promise<{ heapUsed: number; arrayBuffers: number }[]>((resolve) => {
    const reports: { heapUsed: number; arrayBuffers: number }[] = []
    channel.onmessage = (event) => {
      reports.push((event as { data: { heapUsed: number; arrayBuffers: number } }).data)
      if (reports.length === WORKERS) resolve(reports)
    }
    channel.postMessage('measure')
  })
  channel.close()
  globalThis.gc!()
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  return {
    resident: rss,
    heap: heaps.reduce((sum, one) => sum + one.heapUsed, heapUsed),
    buffers: heaps.reduce((sum, one) => sum + one.arrayBuffers, arrayBuffers),
  }
}

process.on('message', async (order: Order) => {
  if (order === 'numbers') process.send!({ snapshot: balancer.metrics(), changes, memory: await memory() })
  if (order === 'changes') changing = setInterval(() => void change(), CHANGE_MS)
  if (order === 'settle') {
    clearInterval(changing)
    if (!present) await change()
    process.send!('settled')
  }
})
process.on('disconnect', () => process.exit(1))

await balancer.start()
process.send!('listening')
await balancer.stop({ signal: await signal })
process.exit(0)
