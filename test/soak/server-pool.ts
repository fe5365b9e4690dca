// The servers of the soak, each a process; one after another is killed and brought back.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from '../../bench/machine/free-port.ts'
import type { Ledger } from './ledger.ts'

const ENTRY = `${import.meta.dirname}/origin-process.ts`
const KILL_EVERY = { least: 8000, most: 20_000 }
const DEAD_FOR = { least: 500, most: 4000 }

export class ServerPool {
  /** URLs, in the order in which the servers were started. */
  readonly urls: string[] = []
  private readonly processes: ChildProcess[] = []
  private readonly ports: number[] = []
  private readonly random: () => number
  private readonly ledger: Ledger
  private timer: NodeJS.Timeout | undefined
  private returning: Promise<void> = Promise.resolve()

  constructor(random: () => number, ledger: Ledger) {
    this.random = random
    this.ledger = ledger
  }

  async add(count: number): Promise<void> {
    for (let added = 0; added < count; added++) {
      const port = await freePort()
      this.urls.push(`http://127.0.0.1:${port}`)
      this.ports.push(port)
      this.processes.push(await launch(port))
    }
  }

  get pids(): number[] {
    return this.processes.map(({ pid }) => pid!)
  }

  /** From now on one of the first `count` servers is killed from time to time. */
  startKilling(count: number): void {
    this.timer = setTimeout(() => {
      this.returning = this.killOne(Math.floor(this.random() * count)).then(() => {
        if (this.timer !== undefined) this.startKilling(count)
      })
    }, this.between(KILL_EVERY))
  }

  /** Resolves when all servers are there. */
  async stopKilling(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    await this.returning
  }

  stop(): void {
    for (const server of this.processes) server.kill('SIGKILL')
  }

  private async killOne(index: number): Promise<void> {
    const server = this.processes[index]!
    this.ledger.killed()
    server.kill('SIGKILL')
    await once(server, 'exit')
    await new Promise((resolve) => setTimeout(resolve, this.between(DEAD_FOR)))
    this.processes[index] = await launch(this.ports[index]!)
  }

  private between({ least, most }: { least: number; most: number }): number {
    return least + this.random() * (most - least)
  }
}

/** Resolves when it accepts connections. */
async function launch(port: number): Promise<ChildProcess> {
  const server = fork(ENTRY, [String(port)])
  const [message] = await Promise.race([once(server, 'message'), once(server, 'exit')])
  if (message !== 'listening') throw new Error(`a server on port ${port} did not start`)
  return server
}
