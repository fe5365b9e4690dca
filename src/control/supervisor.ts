// Starts the workers, hands them the config, brings back those that die, and ends them. It never sees a request.
import net from 'node:net'
import type { Sickness } from '../balance/guard.ts'
import type { Config, ListenerConfig } from '../config/config.ts'
import type { Slots } from '../plan/plan.ts'
import { Counters } from '../shared/counters.ts'
import { BEAT_MS, type FromWorker, type Install, type WorkerData } from '../worker/messages.ts'
import { RestartPolicy } from './restart-policy.ts'
import { Watchdog } from './watchdog.ts'
import { sharesPorts } from './worker-count.ts'
import { type ThreadOptions, type WorkerEnd, WorkerHandle } from './worker-handle.ts'

/** How long a worker may take to cut what is left; one that takes longer does not answer any more. */
const CUT_GRACE_MS = 2000

export interface SupervisorEvents {
  onLog(text: string, lines: number): void
  onConnectFailures(slot: number, reason: string): void
  onSick(slot: number, what: Sickness, reason: string): void
  /** A worker accepts connections; `again`: in the place of one that died. */
  onUp(index: number, again: boolean): void
  /**
   * A worker has died. What it held must be given back before another one takes its number; returns how many exchanges
   * that were. `delay`: milliseconds until another one is started; null: none will be.
   */
  onLost(index: number, end: WorkerEnd, delay: number | null): number
  /** A worker has died too often; `left`: how many others there are. */
  onGivenUp(index: number, left: number): void
}

export interface SupervisorOptions {
  readonly threads?: ThreadOptions | undefined
  /** Listen beside another instance that has the ports. */
  readonly takeOver?: boolean | undefined
}

/** A number that one worker after another has. */
class Post {
  readonly data: WorkerData
  readonly policy = new RestartPolicy()
  readonly watchdog: Watchdog
  worker: WorkerHandle | null = null
  /** Runs while a dead worker waits to be replaced. */
  timer: NodeJS.Timeout | null = null
  givenUp = false
  /** The worker accepts connections. */
  up = false
  /** The generation of the plan that the worker goes by. */
  installed = 0

  constructor(data: WorkerData, patience: number | undefined) {
    this.data = data
    this.watchdog = new Watchdog(new Counters(data.counters[data.index]!), patience)
  }
}

export class Supervisor {
  private readonly events: SupervisorEvents
  private readonly threads: ThreadOptions
  private readonly takeOver: boolean
  private readonly posts: readonly Post[]
  private install: Install
  private ports: number[] = []
  private onDrained: (post: Post, cut: number) => void = () => {}
  private stopping = false
  private watch: NodeJS.Timeout | null = null

  constructor(
    data: readonly WorkerData[],
    config: Config,
    slots: Slots,
    events: SupervisorEvents,
    { threads = {}, takeOver = false }: SupervisorOptions = {},
  ) {
    this.posts = data.map((one) => new Post(one, threads.patience))
    this.events = events
    this.threads = threads
    this.takeOver = takeOver
    this.install = { type: 'install', config, slots, generation: 1 }
  }

  /** Starts every worker; resolves with the ports of the listeners once all accept, rejects with the system's error. */
  async start(): Promise<number[]> {
    const { listeners } = this.install.config
    this.ports = []
    for (const listener of listeners) this.ports.push(await this.portOf(listener))
    const bound = await Promise.all(this.posts.map((post) => this.spawn(post)))
    this.ports = bound[0]!
    this.watch = setInterval(() => this.lookForHung(), BEAT_MS).unref()
    for (const { data } of this.posts) this.events.onUp(data.index, false)
    return this.ports
  }

  /** The number of the present config. */
  get generation(): number {
    return this.install.generation
  }

  /** The generation that every worker has reached. */
  get installed(): number {
    return Math.min(...this.posts.map((post) => (post.worker === null ? Number.POSITIVE_INFINITY : post.installed)))
  }

  /** Hands a changed config to every worker. */
  update(config: Config, slots: Slots): void {
    this.install = { type: 'install', config, slots, generation: this.install.generation + 1 }
    for (const { worker } of this.posts) worker?.send(this.install)
  }

  /** Lets every exchange finish, up to `timeout` ms, and cuts the rest. Resolves with how many that were. */
  async drain(timeout: number): Promise<number> {
    this.stopping = true
    if (this.watch !== null) clearInterval(this.watch)
    for (const { timer } of this.posts) if (timer !== null) clearTimeout(timer)
    let cut = 0
    const waiting = new Set(this.posts.filter(({ worker }) => worker !== null))
    await new Promise<void>((resolve) => {
      const cutting = setTimeout(() => {
        for (const { worker } of waiting) worker?.send({ type: 'cut' })
      }, timeout)
      const overdue = setTimeout(resolve, timeout + CUT_GRACE_MS)
      this.onDrained = (post, cutThere) => {
        if (!waiting.delete(post)) return
        cut += cutThere
        settle()
      }
      const settle = (): void => {
        if (waiting.size > 0) return
        clearTimeout(cutting)
        clearTimeout(overdue)
        resolve()
      }
      for (const { worker } of waiting) worker?.send({ type: 'drain' })
      settle()
    })
    await Promise.all(this.posts.map(({ worker }) => worker?.terminate()))
    for (const post of waiting) cut += this.events.onLost(post.data.index, { reason: 'no answer', stack: '' }, null)
    for (const post of this.posts) post.worker = null
    return cut
  }

  /** A shared port would let a second instance in without a word: taking it once for ourselves finds it out. */
  private async portOf(listener: ListenerConfig): Promise<number> {
    const mayBeTaken = this.takeOver && listener.port !== 0
    return this.shared && !mayBeTaken ? probe(listener) : listener.port
  }

  /** Also with one worker, so that another instance can take over. */
  private get shared(): boolean {
    return sharesPorts(process.platform)
  }

  /** Starts a worker; resolves with its ports when it accepts, rejects when it does not get so far. */
  private spawn(post: Post): Promise<number[]> {
    const { promise, resolve, reject } = Promise.withResolvers<number[]>()
    const onMessage = (message: FromWorker): void => {
      if (message.type === 'listening') {
        post.up = true
        post.watchdog.reset()
        resolve([...message.ports])
      } else if (message.type === 'listen_failed') {
        reject(listenError(this.install.config.listeners[message.listener]!, message.code, message.message))
      } else this.receive(post, message)
    }
    const onEnd = (end: WorkerEnd): void => {
      post.worker = null
      if (post.up) {
        post.up = false
        this.lost(post, end)
        return
      }
      reject(Object.assign(new Error(`worker ${post.data.index} did not start: ${end.reason}`), { stack: end.stack }))
      this.onDrained(post, 0)
    }
    const worker = new WorkerHandle(post.data, this.threads, onMessage, onEnd)
    post.worker = worker
    post.installed = 0
    worker.send(this.install)
    worker.send({ type: 'listen', ports: this.ports, shared: this.shared })
    return promise
  }

  private lookForHung(): void {
    for (const { up, watchdog, worker } of this.posts) if (up && watchdog.look()) worker?.kill(watchdog.verdict)
  }

  private receive(post: Post, message: FromWorker): void {
    switch (message.type) {
      case 'installed':
        post.installed = message.generation
        break
      case 'log':
        this.events.onLog(message.text, message.lines)
        break
      case 'connect_failures':
        this.events.onConnectFailures(message.slot, message.reason)
        break
      case 'sick':
        this.events.onSick(message.slot, message.what, message.reason)
        break
      case 'drained':
        this.onDrained(post, message.cut)
        break
    }
  }

  private lost(post: Post, end: WorkerEnd): void {
    const { index } = post.data
    const delay = this.stopping ? null : post.policy.died(performance.now())
    const exchanges = this.events.onLost(index, end, delay)
    if (this.stopping) this.onDrained(post, exchanges)
    else if (delay !== null) post.timer = setTimeout(() => void this.replace(post), delay)
    else {
      post.givenUp = true
      this.events.onGivenUp(index, this.posts.filter(({ givenUp }) => !givenUp).length)
    }
  }

  private async replace(post: Post): Promise<void> {
    post.timer = null
    try {
      await this.spawn(post)
      this.events.onUp(post.data.index, true)
    } catch (error) {
      // One that could not listen is still there.
      await post.worker?.terminate()
      post.worker = null
      const { message, stack = '' } = error as Error
      this.lost(post, { reason: message, stack })
    }
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
