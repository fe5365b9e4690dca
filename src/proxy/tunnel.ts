// The two-way byte stream after a 101 response: WebSocket or any other protocol. Each side may end on its own (half-close);
// when one side vanishes the other one is closed too, and a tunnel on which nothing moves is ended.
import { Timer } from '../base/timer-wheel.ts'
import { FAILURES, type Failure } from '../seams/failures.ts'
import { COUNTER } from '../shared/counters.ts'
import type { Channel } from './channel.ts'
import type { Runtime } from './runtime.ts'

export class Tunnel {
  /** Bytes from the server so far. */
  responseBytes = 0
  private readonly runtime: Runtime
  private readonly client: Channel
  private readonly server: Channel
  private readonly idle: number
  private readonly onOver: (failure: Failure | null) => void
  private readonly timer = new Timer(this)
  private clientDone = false
  private serverDone = false
  private over = false

  /** `idle` in milliseconds, 0: off. `onOver` is called once, when both sides have ended or one is lost. */
  constructor(
    runtime: Runtime,
    client: Channel,
    server: Channel,
    idle: number,
    onOver: (failure: Failure | null) => void,
  ) {
    this.runtime = runtime
    this.client = client
    this.server = server
    this.idle = idle
    this.onOver = onOver
    runtime.counters.add(COUNTER.tunnels)
    runtime.counters.add(COUNTER.tunnelsActive)
    this.touch()
  }

  fromClient(bytes: Buffer, start: number, end: number): void {
    this.runtime.counters.add(COUNTER.requestBytes, end - start)
    this.client.relay(this.server, '', bytes, start, end)
    this.touch()
  }

  fromServer(bytes: Buffer, start: number, end: number): void {
    this.runtime.counters.add(COUNTER.responseBytes, end - start)
    this.responseBytes += end - start
    this.server.relay(this.client, '', bytes, start, end)
    this.touch()
  }

  /** The client has sent its last byte; the server may go on. */
  clientEnded(): void {
    this.clientDone = true
    this.server.end()
    this.touch()
  }

  serverEnded(): void {
    this.serverDone = true
    this.client.end()
    this.touch()
  }

  clientClosed(): void {
    if (this.clientDone && this.serverDone) this.finish(null)
    else this.finish(FAILURES.clientClosed)
  }

  serverClosed(): void {
    // After a proper end on both sides the client may still be reading what is under way to it.
    if (this.clientDone && this.serverDone && !this.client.destroyed) return
    this.finish(this.clientDone && this.serverDone ? null : FAILURES.brokenResponse)
  }

  /** Ends it now, at the end of a shutdown. */
  cut(): void {
    this.finish(FAILURES.cutAtShutdown)
  }

  /** Nothing has moved for too long. */
  onTimer(): void {
    this.finish(FAILURES.tunnelIdle)
  }

  private touch(): void {
    if (this.idle > 0) this.runtime.wheel.set(this.timer, this.idle, performance.now())
  }

  private finish(failure: Failure | null): void {
    if (this.over) return
    this.over = true
    this.runtime.wheel.remove(this.timer)
    this.runtime.counters.add(COUNTER.tunnelsActive, -1)
    this.onOver(failure)
  }
}
