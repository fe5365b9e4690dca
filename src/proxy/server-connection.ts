// A connection to a server: sends one request after another and reads the responses. It knows framing and time-outs;
// what a response or its lack means for the client is the exchange's business.
import { Timer } from '../base/timer-wheel.ts'
import { BodyReader } from '../http1/body-reader.ts'
import { HeadReader, MORE, REFUSED } from '../http1/head-reader.ts'
import { REFUSALS, Refusal } from '../http1/refusals.ts'
import { type ResponseHead, readResponseHead } from '../http1/response-head.ts'
import { FAILURES, type Failure } from '../seams/failures.ts'
import { SERVER_COUNTER } from '../shared/counters.ts'
import type { Attempt } from './attempt.ts'
import { Channel, type ChannelOwner } from './channel.ts'
import type { Exchange } from './exchange.ts'
import type { Server } from './server.ts'

const CONNECTING = 0
const IDLE = 1
/** The request is sent or being sent; no final response head has arrived. */
const HEAD = 2
const BODY = 3
const TUNNEL = 4
const CLOSED = 5

/** Bytes of a response after which the next one over this connection is expected to be large, too. */
const LARGE = 32 * 1024

export class ServerConnection implements ChannelOwner {
  readonly channel: Channel
  readonly server: Server
  /** It has carried an exchange before the present one. */
  reused = false
  private state: number = CONNECTING
  private attempt: Attempt | null = null
  private readonly head: HeadReader
  private readonly body = new BodyReader()
  private readonly timer = new Timer(this)
  /** The last response head: servers repeat themselves to the letter. */
  private lastText = ''
  private lastHead: ResponseHead | null = null
  private lastLines = ''
  private responseHead: ResponseHead | null = null
  /** Chunk framing is taken out, for an HTTP/1.0 client. */
  private unframes = false
  private keepAliveMillis: number

  constructor(server: Server) {
    this.server = server
    const { runtime, plan, upstream } = server
    this.head = new HeadReader(runtime.plan.limits.response_head_size, 0)
    this.keepAliveMillis = upstream.connections.idle_timeout
    this.channel = Channel.connect(
      runtime.buffers,
      this,
      { host: plan.host, port: plan.port, lookup: server.lookup },
      () => this.onConnect(),
    )
    runtime.counters.addForServer(server.slot, SERVER_COUNTER.connectionsActive)
    runtime.wheel.set(this.timer, upstream.timeouts.connect, performance.now())
  }

  get connecting(): boolean {
    return this.state === CONNECTING
  }

  /** Takes on an attempt, whose exchange hears of the response or of a failure. The request is to be written next. */
  begin(attempt: Attempt, now: number): void {
    this.attempt = attempt
    if (this.state === CONNECTING) return
    this.channel.settle()
    this.reused = true
    this.state = HEAD
    this.server.runtime.wheel.set(this.timer, this.server.upstream.timeouts.response_head, now)
  }

  /** The last byte of the request is on its way: the time for the response begins. */
  requestSent(): void {
    if (this.state === HEAD) this.rearm(this.server.upstream.timeouts.response_head)
  }

  /** The attempt has no use for it any more. */
  destroy(): void {
    this.attempt = null
    this.close()
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    switch (this.state) {
      case HEAD:
        this.readHead(bytes, start, end)
        break
      case BODY:
        this.readBody(bytes, start, end)
        break
      case TUNNEL:
        this.attempt?.exchange.tunnel?.fromServer(bytes, start, end)
        break
      case IDLE: // A response that nobody asked for: whatever it is, it must not answer the next request.
        this.close()
        break
    }
  }

  onEnd(): void {
    switch (this.state) {
      case TUNNEL:
        this.attempt?.exchange.tunnel?.serverEnded()
        break
      case BODY:
        if (this.body.untilClose) this.complete(false)
        else this.fail(FAILURES.brokenResponse, 'the server closed the connection in mid-response')
        break
      case HEAD:
        this.failEarly('the server closed the connection')
        break
      default:
        this.close()
    }
  }

  onClose(error: NodeJS.ErrnoException | null): void {
    const detail = describe(error)
    switch (this.state) {
      case CONNECTING:
        this.fail(error?.code === 'ECONNREFUSED' ? FAILURES.connectRefused : FAILURES.connectFailed, detail)
        break
      case HEAD:
        this.failEarly(detail)
        break
      case BODY:
        this.fail(FAILURES.brokenResponse, detail)
        break
      case TUNNEL:
        this.attempt?.exchange.tunnel?.serverClosed()
        break
    }
    this.close()
  }

  private onConnect(): void {
    const { runtime, slot } = this.server
    runtime.counters.addForServer(slot, SERVER_COUNTER.connections)
    this.server.connected()
    if (this.state !== CONNECTING) return
    this.state = HEAD
    runtime.wheel.set(this.timer, this.server.upstream.timeouts.response_head, performance.now())
    this.attempt?.exchange.connected()
  }

  /** The connection has waited long enough for what it waits for. */
  onTimer(): void {
    const { timeouts } = this.server.upstream
    const exchange = this.attempt === null ? null : this.attempt.exchange
    switch (this.state) {
      case CONNECTING:
        this.fail(FAILURES.connectTimeout, `no connection within ${timeouts.connect} ms`)
        break
      case HEAD:
        // While the request is still coming the client's own time-out rules, unless it is the server that does not read.
        if (exchange !== null && !exchange.requestDone && !exchange.client.channel.paused)
          this.rearm(timeouts.response_head)
        else this.fail(FAILURES.responseTimeout, `no response within ${timeouts.response_head} ms`)
        break
      case BODY:
        // Paused means that the client does not read; its own time-out rules.
        if (this.channel.paused) this.rearm(timeouts.body_idle)
        else this.fail(FAILURES.responseIdle, `no byte for ${timeouts.body_idle} ms`)
        break
      case IDLE:
        this.close()
        break
    }
  }

  private rearm(millis: number): void {
    this.server.runtime.wheel.set(this.timer, millis, performance.now())
  }

  private readHead(bytes: Buffer, start: number, end: number): void {
    let at = start
    while (at < end && this.state === HEAD) {
      const { attempt } = this
      if (attempt === null) return this.close()
      const { exchange } = attempt
      attempt.begun = true
      const stop = this.head.feed(bytes, at, end)
      if (stop === MORE) return
      if (stop === REFUSED) {
        const refusal = this.head.refusal!
        const failure = refusal === REFUSALS.headTooLarge ? FAILURES.responseTooLarge : FAILURES.badResponse
        return this.fail(failure, refusal.code)
      }
      const text = this.head.head
      if (text !== this.lastText) {
        const head = readResponseHead(text)
        if (head instanceof Refusal) return this.fail(FAILURES.badResponse, head.code)
        this.lastText = text
        this.lastHead = head
        // What has no body must not say how its body is framed (RFC 9110 section 8.6, RFC 9112 section 6.1).
        this.lastLines = head.status < 200 || head.status === 204 ? unframedLines(text) : linesOf(head)
      }
      at = stop
      const head = this.lastHead!
      if (head.status >= 200) return this.respond(attempt, head, text, bytes, at, end)
      if (head.status === 101) return this.switchProtocols(exchange, head, bytes, at, end)
      exchange.informational(`${this.lastLines}\r\n`)
    }
  }

  private respond(attempt: Attempt, head: ResponseHead, text: string, bytes: Buffer, start: number, end: number): void {
    const { body } = this
    const { exchange } = attempt
    let lines = this.lastLines
    body.startResponse(head.fields, head.status, exchange.head.method)
    this.responseHead = head
    const strips = exchange.head.old && head.fields.chunked
    this.unframes = strips && !body.done
    if (strips) lines = unframedLines(text)
    let stop: number
    let content: number
    if (this.unframes) {
      stop = body.unframe(bytes, start, end)
      content = body.unframedEnd
    } else content = stop = body.feed(bytes, start, end)
    if (stop < 0) return this.fail(FAILURES.badResponse, body.refusal!.code)
    // The state first: passing bytes on may end in a call back.
    this.state = BODY
    const connection = exchange.responding(attempt, head.status, body.untilClose || this.unframes)
    exchange.responseBytes += content - start
    this.channel.relay(exchange.client.channel, `${lines}${connection}\r\n`, bytes, start, content)
    if (body.done) this.complete(stop === end)
    else {
      exchange.client.watchWrites()
      this.rearm(this.server.upstream.timeouts.body_idle)
    }
  }

  private readBody(bytes: Buffer, start: number, end: number): void {
    const { body } = this
    if (this.attempt === null) return this.close()
    const { exchange } = this.attempt
    const stop = this.unframes ? body.unframe(bytes, start, end) : body.feed(bytes, start, end)
    if (stop < 0) return this.fail(FAILURES.brokenResponse, body.refusal!.code)
    const content = this.unframes ? body.unframedEnd : stop
    exchange.responseBytes += content - start
    this.channel.relay(exchange.client.channel, '', bytes, start, content)
    if (body.done) this.complete(stop === end)
    else this.rearm(this.server.upstream.timeouts.body_idle)
  }

  private switchProtocols(exchange: Exchange, head: ResponseHead, bytes: Buffer, start: number, end: number): void {
    if (!exchange.upgrades) return this.fail(FAILURES.badResponse, 'it switched protocols without being asked')
    this.state = TUNNEL
    this.timer.deadline = 0
    const protocol = head.fields.upgrade === '' ? exchange.head.fields.upgrade : head.fields.upgrade
    const tunnel = exchange.switchProtocols(
      this,
      `${this.lastLines}Connection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`,
    )
    if (start < end) tunnel.fromServer(bytes, start, end)
  }

  /** The response is over. `clean`: framed, and nothing came behind it. */
  private complete(clean: boolean): void {
    const attempt = this.attempt!
    const { exchange } = attempt
    const head = this.responseHead!
    const { server } = this
    this.attempt = null
    this.responseHead = null
    const flushed = !exchange.client.channel.pending
    if (exchange.responseBytes > LARGE) this.channel.keepOwn(flushed)
    else this.channel.giveOwn(flushed)
    if (head.fields.keepAliveSeconds >= 0) {
      // Leave a second for what is on the way when the server closes.
      const hint = Math.max(head.fields.keepAliveSeconds - 1, 0.1) * 1000
      this.keepAliveMillis = Math.min(server.upstream.connections.idle_timeout || hint, hint)
    }
    const keeps = clean && head.keepAlive && !this.body.untilClose && exchange.requestDone
    const now = performance.now()
    // Before the exchange goes on, which may begin the client's next one on this very connection.
    if (keeps && server.keep(this)) {
      this.state = IDLE
      this.channel.resume()
      server.runtime.wheel.set(this.timer, this.keepAliveMillis, now)
    } else this.close()
    exchange.responded(attempt, now)
  }

  private failEarly(detail: string): void {
    const begun = this.attempt?.begun === true
    const failure = begun ? FAILURES.brokenResponse : this.reused ? FAILURES.reusedClosed : FAILURES.closedEarly
    this.fail(failure, detail)
  }

  private fail(failure: Failure, detail: string): void {
    const { attempt } = this
    this.attempt = null
    this.close()
    attempt?.exchange.attemptFailed(attempt, failure, detail)
  }

  private close(): void {
    if (this.state === CLOSED) return
    if (this.state === IDLE) this.server.forget(this)
    this.state = CLOSED
    this.server.runtime.wheel.remove(this.timer)
    this.server.runtime.counters.addForServer(this.server.slot, SERVER_COUNTER.connectionsActive, -1)
    this.channel.destroy()
  }
}

/** The first line and the fields of a response as the client gets them, without the empty line. */
function linesOf(head: ResponseHead): string {
  return `HTTP/1.1 ${head.statusText}\r\n${head.fields.forward}`
}

/** The same without Content-Length and Transfer-Encoding. The head was read before and is valid. */
function unframedLines(text: string): string {
  return linesOf(readResponseHead(text, true) as ResponseHead)
}

function describe(error: NodeJS.ErrnoException | null): string {
  switch (error?.code) {
    case undefined:
      return 'the connection was closed'
    case 'ECONNREFUSED':
      return 'connection refused'
    case 'ECONNRESET':
      return 'connection reset'
    case 'EPIPE':
      return 'the server closed the connection'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its name could not be resolved'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'no route to it'
    default:
      return error?.message ?? 'unknown error'
  }
}
