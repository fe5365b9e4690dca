// Starts the workers, hands them the config, brings back those that die, and ends them. It never sees a request.
import net from 'node:net'
import type { Config, ListenerConfig } from '../config/config.ts'
import type { Slots } from '../plan/plan.ts'
import type { FromWorker, Install, WorkerData } from '../worker/messages.ts'
import { WorkerHandle } from './worker-handle.ts'

const FIRST_DELAY_MS = 100
const MAX_DELAY_MS = 10_000
/** A worker that has lived this long has recovered. */
const STEADY_MS = 30_000

export interface SupervisorEvents {
  onLog(text: string, lines: number): void
  onConnectFailures(slot: number, reason: string): void
  /** A worker died by itself; its counts must be given back before another one takes its number. */
  onLost(index: number, reason: string): void
}

export class Supervisor {
  private readonly events: SupervisorEvents
  private readonly data: readonly WorkerData[]
  private readonly workers: (WorkerHandle | null)[]
  private readonly bornAt: number[]
  private readonly delays: number[]
  private readonly timers = new Set<NodeJS.Timeout>()
  private install: Install
  private ports: number[] = []
  private onDrained: ((index: number, cut: number) => void) | null = null
  private stopping = false

  constructor(data: readonly WorkerData[], config: Config, slots: Slots, events: SupervisorEvents) {
    this.data = data
    this.events = events
    this.workers = data.map(() => null)
    this.bornAt = data.map(() => 0)
    this.delays = data.map(() => FIRST_DELAY_MS)
    this.install = { type: 'install', config, slots, generation: 1 }
  }

  /** Starts every worker; resolves with the ports of the listeners once all accept, rejects with the system's error. */
  async start(): Promise<number[]> {
    const { listeners } = this.install.config
    const shared = this.data.length > 1
    // A shared port would let a second instance in without a word: taking each port once for ourselves finds it out.
    this.ports = []
    for (const listener of listeners) this.ports.push(shared ? await probe(listener) : listener.port)
    const bound = await Promise.all(this.data.map((data) => this.spawn(data)))
    this.ports = bound[0]!
    return this.ports
  }

  /** Hands a changed config to every worker. */
  update(config: Config, slots: Slots): void {
    this.install = { type: 'install', config, slots, generation: this.install.generation + 1 }
    for (const worker of this.workers) worker?.send(this.install)
  }

  /** Lets every exchange finish, up to `timeout` ms, and cuts the rest. Resolves with how many that were. */
  async drain(timeout: number): Promise<number> {
    this.stopping = true
    for (const timer of this.timers) clearTimeout(timer)
    let cut = 0
    const waiting = new Set(this.workers.filter((worker) => worker !== null).map((worker) => worker.index))
    if (waiting.size > 0) {
      await new Promise<void>((resolve) => {
        this.onDrained = (index, cutThere) => {
          cut += cutThere
          waiting.delete(index)
          if (waiting.size === 0) resolve()
        }
        for (const worker of this.workers) worker?.send({ type: 'drain' })
        const timer = setTimeout(() => {
          for (const worker of this.workers) worker?.send({ type: 'cut' })
        }, timeout)
        this.timers.add(timer)
      })
    }
    for (const timer of this.timers) clearTimeout(timer)
    await Promise.all(this.workers.map((worker) => worker?.terminate()))
    this.workers.fill(null)
    return cut
  }

  private spawn(data: WorkerData): Promise<number[]> {
    const { index } = data
    return new Promise((resolve, reject) => {
      const worker = new WorkerHandle(
        data,
        (message) => this.receive(index, message, resolve, reject),
        (reason) => {
          this.workers[index] = null
          if (this.bornAt[index] === 0) reject(new Error(`worker ${index} did not start: ${reason}`))
          else this.lost(index, reason)
        },
      )
      this.workers[index] = worker
      worker.send(this.install)
      worker.send({ type: 'listen', ports: this.ports, shared: this.data.length > 1 })
    })
  }

  private receive(
    index: number,
    message: FromWorker,
    onListening: (ports: number[]) => void,
    onFailed: (error: Error) => void,
  ): void {
    switch (message.type) {
      case 'listening':
        this.bornAt[index] = performance.now()
        onListening([...message.ports])
        break
      case 'listen_failed':
        onFailed(listenError(this.install.config.listeners[message.listener]!, message.code, message.message))
        break
      case 'log':
        this.events.onLog(message.text, message.lines)
        break
      case 'connect_failures':
        this.events.onConnectFailures(message.slot, message.reason)
        break
      case 'drained':
        this.onDrained?.(index, message.cut)
        break
    }
  }

  private lost(index: number, reason: string): void {
    this.events.onLost(index, reason)
    if (this.stopping) {
      this.onDrained?.(index, 0)
      return
    }
    if (performance.now() - this.bornAt[index]! > STEADY_MS) this.delays[index] = FIRST_DELAY_MS
    const delay = this.delays[index]!
    this.delays[index] = Math.min(delay * 2, MAX_DELAY_MS)
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      this.spawn(this.data[index]!).catch((error: Error) => this.lost(index, error.message))
    }, delay)
    this.timers.add(timer)
  }
}

/** Listens for a moment on an address that must be free; resolves with the port, which is chosen when it was 0. */
function probe(listener: ListenerConfig): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    const host = listener.address === '*' ? {} : { host: listener.address }
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(listenError(listener, error.code ?? 'UNKNOWN', error.message))
    })
    server.listen({ port: listener.port, ...host, exclusive: true }, () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function listenError({ address, port }: ListenerConfig, code: string, message: string): Error {
  return Object.assign(new Error(`cannot listen on ${address}:${port}: ${message}`), { code, address, port })
}
