// The balancer under the soak, seen from outside: a process that takes orders, logs, and ends on a signal.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { BalancerSetup, Numbers, Order } from './balancer-process.ts'

const ENTRY = `${import.meta.dirname}/balancer-process.ts`
const PATIENCE = 15_000

export class SoakedBalancer {
  /** The exit code, or the name of a signal; null while it runs. */
  ended: number | string | null = null
  private readonly child: ChildProcess
  private readonly exited: Promise<void>

  constructor(setup: BalancerSetup) {
    this.child = fork(ENTRY, [JSON.stringify(setup)], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    this.exited = once(this.child, 'exit').then(([code, signal]) => {
      this.ended = signal ?? code
    })
  }

  get pid(): number {
    return this.child.pid!
  }

  get output(): Readable {
    return this.child.stdout!
  }

  started(): Promise<unknown> {
    return this.answer()
  }

  startChanges(): void {
    this.order('changes')
  }

  /** Ends the changes with all servers in the list. */
  async settle(): Promise<void> {
    this.order('settle')
    await this.answer()
  }

  async numbers(): Promise<Numbers> {
    this.order('numbers')
    return (await this.answer()) as Numbers
  }

  /** Resolves with the exit code, or the name of the signal that ended it. */
  async terminate(): Promise<number | string | null> {
    this.child.kill('SIGTERM')
    await this.exited
    return this.ended
  }

  kill(): void {
    this.child.kill('SIGKILL')
  }

  private order(order: Order): void {
    this.child.send(order)
  }

  private async answer(): Promise<unknown> {
    const [message] = await once(this.child, 'message', { signal: AbortSignal.timeout(PATIENCE) })
    return message
  }
}
