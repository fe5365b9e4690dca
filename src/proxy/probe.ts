// One connection for probes: sends a GET, reads the response and what it says of the server's load, and waits for the next.
import { Timer } from '../base/timer-wheel.ts'
import { BodyReader } from '../http1/body-reader.ts'
import { HeadReader, MORE } from '../http1/head-reader.ts'
import { Refusal } from '../http1/refusals.ts'
import { type ResponseHead, readResponseHead } from '../http1/response-head.ts'
import type { ProbeAnswer } from '../seams/strategy.ts'
import { Channel, type ChannelOwner } from './channel.ts'
import { readLoadMetrics } from './load-metrics.ts'
import type { Runtime } from './runtime.ts'
import type { Server } from './server.ts'

/** Later than this an answer would say nothing about now. Connecting is part of it. */
const TIMEOUT_MS = 1000
const IDLE_MS = 10_000
/** Of an answer more than this is not read; its connection is closed. */
const LONGEST_BODY = 64 * 1024

export class ProbeConnection implements ChannelOwner {
  private readonly runtime: Runtime
  private readonly server: Server
  private readonly channel: Channel
  private readonly keep: (connection: ProbeConnection) => boolean
  private readonly forget: (connection: ProbeConnection) => void
  private readonly timer = new Timer(this)
  private readonly head: HeadReader
  private readonly body = new BodyReader()
  private answered: ((answer: ProbeAnswer) => void) | null = null
  private response: ResponseHead | null = null
  private sent = 0
  private path = ''
  private connected = false
  private closed = false

  /** `keep` says whether it may wait for another probe; `forget` follows when it closes meanwhile. */
  constructor(
    runtime: Runtime,
    server: Server,
    keep: (connection: ProbeConnection) => boolean,
    forget: (connection: ProbeConnection) => void,
  ) {
    const { plan, lookup } = server
    this.runtime = runtime
    this.server = server
    this.keep = keep
    this.forget = forget
    this.head = new HeadReader(runtime.plan.limits.response_head_size, 0)
    this.channel = Channel.connect(runtime.buffers, this, { host: plan.host, port: plan.port, lookup }, () => {
      this.connected = true
      this.send()
    })
  }

  /** `answered` is called once. Only one probe at a time. */
  ask(path: string, answered: (answer: ProbeAnswer) => void): void {
    this.answered = answered
    this.path = path
    this.response = null
    this.sent = performance.now()
    this.runtime.wheel.set(this.timer, TIMEOUT_MS, this.sent)
    if (this.connected) this.send()
  }

  destroy(): void {
    this.close()
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    // Nobody asked.
    if (this.answered === null) return this.close()
    let at = start
    while (this.response === null) {
      const stop = this.head.feed(bytes, at, end)
      if (stop === MORE) return
      const head = stop < 0 ? null : readResponseHead(this.head.head)
      if (head === null || head instanceof Refusal || head.status === 101) return this.close()
      at = stop
      if (head.status < 200) continue
      this.response = head
      this.body.startResponse(head.fields, head.status, 'GET')
    }
    at = this.body.feed(bytes, at, end)
    if (at < 0) this.close()
    else if (this.body.done) this.finish(at === end)
    else if (this.body.content > LONGEST_BODY) this.finish(false)
  }

  onEnd(): void {
    if (this.response !== null && this.body.untilClose) this.finish(false)
    else this.close()
  }

  onClose(): void {
    this.close()
  }

  onTimer(): void {
    this.close()
  }

  private send(): void {
    this.channel.write(
      `GET ${this.path} HTTP/1.1\r\nHost: ${this.server.authority}\r\nUser-Agent: octoload-probe\r\n\r\n`,
    )
  }

  private finish(clean: boolean): void {
    const { status, fields, keepAlive } = this.response!
    const now = performance.now()
    const { inFlight, millis } = readLoadMetrics(fields.forward)
    const answer = { ok: status < 400, inFlight, millis: millis < 0 ? now - this.sent : millis, now }
    const keeps = clean && keepAlive && this.keep(this)
    if (keeps) this.runtime.wheel.set(this.timer, IDLE_MS, now)
    this.tell(answer)
    if (!keeps) this.close()
  }

  private tell(answer: ProbeAnswer): void {
    const { answered } = this
    this.answered = null
    answered?.(answer)
  }

  private close(): void {
    if (this.closed) return
    this.closed = true
    this.runtime.wheel.remove(this.timer)
    this.channel.destroy()
    this.forget(this)
    const now = performance.now()
    this.tell({ ok: false, inFlight: -1, millis: now - this.sent, now })
  }
}
