// One thread that moves bytes: owns the listeners and all sockets of its clients, and installs plans.
import type { MessagePort } from 'node:worker_threads'
import { processMillis } from '../base/process-clock.ts'
import { metricsAnswer } from '../observe/metrics-answer.ts'
import { takeSnapshot } from '../observe/snapshot.ts'
import { makeThreadLog } from '../observe/thread-log.ts'
import { compilePlan } from '../plan/compile-plan.ts'
import { loadStrategies, namesFiles } from '../plan/load-strategies.ts'
import type { Plan } from '../plan/plan.ts'
import { Listener } from '../proxy/listener.ts'
import { Runtime } from '../proxy/runtime.ts'
import { FAILURE_NAMES } from '../seams/failures.ts'
import { COUNTER, Counters } from '../shared/counters.ts'
import { Gates } from '../shared/gates.ts'
import { InFlight } from '../shared/in-flight.ts'
import { ServerTable } from '../shared/server-table.ts'
import { Turns } from '../shared/turns.ts'
import { UpstreamSamples } from '../shared/upstream-samples.ts'
import { makeExchangeLog } from './exchange-log.ts'
import { BEAT_MS, type FromWorker, type Install, type Listen, type ToWorker, type WorkerData } from './messages.ts'

export class Worker {
  private readonly data: WorkerData
  private readonly port: MessagePort
  private readonly table: ServerTable
  private readonly allCounters: Counters[]
  private readonly mainCounters: Counters
  private readonly gates: Gates
  private readonly samples: readonly UpstreamSamples[]
  private readonly counters: Counters
  private runtime: Runtime | null = null
  private listeners: Listener[] = []
  /** Settled when the last plan was installed: strategies of people's own take a while to load, and order is kept. */
  private installing: Promise<void> = Promise.resolve()
  /** Settled when the listeners are open, or could not be opened. */
  private listening: Promise<void> = Promise.resolve()
  private flushLog = (): void => {}
  private cutExchanges = 0

  constructor(data: WorkerData, port: MessagePort) {
    this.data = data
    this.port = port
    this.table = new ServerTable(data.table, processMillis, data.index)
    this.allCounters = data.counters.map((buffer) => new Counters(buffer))
    this.mainCounters = new Counters(data.mainCounters)
    this.counters = this.allCounters[data.index]!
    this.gates = new Gates(data.gates)
    this.samples = data.samples.map((buffer) => new UpstreamSamples(buffer))
    // What was logged before the thread dies of an exception tells why.
    process.on('uncaughtExceptionMonitor', () => this.flushLog())
    setInterval(() => this.counters.beat(), BEAT_MS).unref()
    port.on('message', (message: ToWorker) => this.receive(message))
  }

  private receive(message: ToWorker): void {
    switch (message.type) {
      case 'install':
        this.installing = this.installing.then(() => this.install(message))
        break
      case 'listen':
        this.listening = this.installing.then(() => this.listen(message))
        break
      case 'drain':
        void this.drain()
        break
      case 'cut':
        this.cut()
        break
    }
  }

  private send(message: FromWorker): void {
    this.port.postMessage(message)
  }

  private async install({ config, slots, generation }: Install): Promise<void> {
    const loaded = namesFiles(config) ? await loadStrategies(config) : undefined
    const plan = compilePlan(config, slots, generation, loaded)
    if (this.runtime !== null) this.runtime.install(plan)
    else this.runtime = this.makeRuntime(plan)
    this.send({ type: 'installed', generation })
  }

  private makeRuntime(plan: Plan): Runtime {
    const log = makeThreadLog((text, lines) => this.send({ type: 'log', text, lines }), {
      ...plan.logging,
      colour: this.data.colour,
    })
    this.flushLog = () => log.flush()
    return new Runtime(plan, {
      table: this.table,
      inFlight: new InFlight(this.table, this.data.inFlight),
      worker: this.data.index,
      turns: new Turns(this.data.turns),
      gates: this.gates,
      samples: this.samples[this.data.index]!,
      counters: this.counters,
      log: makeExchangeLog(log),
      random: Math.random,
      clientConnections: () => this.clientConnections(),
      metrics: (accept, query) => metricsAnswer(this.snapshot(), accept, query),
      onConnectFailures: (slot, reason) => this.send({ type: 'connect_failures', slot, reason }),
      onSick: (slot, what, reason) => this.send({ type: 'sick', slot, what, reason }),
    })
  }

  private snapshot(): ReturnType<typeof takeSnapshot> {
    const { upstreams } = this.runtime!.plan
    return takeSnapshot({
      table: this.table,
      counters: this.allCounters,
      mainCounters: this.mainCounters,
      servers: upstreams.flatMap((upstream) => upstream.servers),
      upstreams,
      gates: this.gates,
      samples: this.samples,
      failureKinds: FAILURE_NAMES,
      startedAt: this.data.startedAt,
    })
  }

  private clientConnections(): number {
    let sum = 0
    for (const counters of this.allCounters) sum += counters.get(COUNTER.clientConnectionsActive)
    return sum
  }

  private async listen({ ports, shared }: Listen): Promise<void> {
    const runtime = this.runtime!
    const bound: number[] = []
    this.listeners = runtime.plan.listeners.map((config) => new Listener(runtime, config))
    for (const [index, listener] of this.listeners.entries()) {
      try {
        bound.push(await listener.listen(ports[index]!, shared))
      } catch (error) {
        const { code = 'UNKNOWN', message } = error as NodeJS.ErrnoException
        this.send({ type: 'listen_failed', listener: index, code, message })
        return
      }
    }
    this.send({ type: 'listening', ports: bound })
  }

  private async drain(): Promise<void> {
    await this.installing
    await this.listening
    const runtime = this.runtime!
    runtime.draining = true
    for (const listener of this.listeners) listener.close()
    const finish = (): void => {
      runtime.onEmpty = null
      runtime.close()
      this.flushLog()
      this.send({ type: 'drained', cut: this.cutExchanges })
    }
    // What clients have already sent is read first, so that no request is lost between its arrival and our end.
    setImmediate(() =>
      setImmediate(() => {
        for (const client of runtime.clients.all()) client.closeIdle()
        if (runtime.clients.size === 0) finish()
        else runtime.onEmpty = finish
      }),
    )
  }

  private cut(): void {
    for (const client of this.runtime?.clients.all() ?? []) if (client.cut()) this.cutExchanges++
  }
}
