// A connection to a server: sends one request after another and reads the responses. It knows framing and time-outs;
// what a response or its lack means for the client is the exchange's business.
import { performance } from 'node:perf_hooks'
import { inOnePiece } from '../base/latin1.ts'
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
import type { Said } from './response-feedback.ts'
import type { Server } from './server.ts'

const CONNECTING = 0
const IDLE = 1
/** The request is sent or being sent; no final response head has arrived. */
const HEAD = 2
const BODY = 3
const TUNNEL = 4
/** The rest of a response that nobody wants is read, so that the connection can be kept. */
const UNWANTED = 5
const CLOSED = 6

/** Bytes of an unwanted response that are read, and for how long: beyond that a new connection is cheaper. */
const UNWANTED_BYTES = 64 * 1024
const UNWANTED_MS = 1000

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
  /** `lastLines` and the empty line in one piece, from the second use on. */
  private wholeLines = ''
  /** What that head says about the server itself; null when it says nothing, or nobody listens. */
  private lastSaid: Said | null = null
  private responseHead: ResponseHead | null = null
  /** Chunk framing is taken out, for an HTTP/1.0 client. */
  private unframes = false
  private keepAliveMillis: number
  /** Of an unwanted response, so far. */
  private unwanted = 0
  /** When the last byte of the request went on its way; milliseconds on the monotonic clock. */
  private sentAt = 0

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
    const { upstream, runtime } = this.server
    this.attempt = attempt
    this.sentAt = now
    if (this.state === CONNECTING) {
      const perTry = upstream.retries.per_try_timeout
      if (perTry > 0 && perTry < upstream.timeouts.connect) runtime.wheel.set(this.timer, perTry, now)
      return
    }
    this.channel.settle()
    this.reused = true
    this.state = HEAD
    runtime.wheel.set(this.timer, this.headMillis(now), now)
  }

  /** The last byte of the request is on its way: the time for the response begins. */
  requestSent(): void {
    this.sentAt = performance.now()
    if (this.state === HEAD) this.rearm(this.headMillis(this.sentAt))
  }

  /** How long the response head may take from `now` on; 0: any time. */
  private headMillis(now: number): number {
    const { timeouts, retries } = this.server.upstream
    if (retries.per_try_timeout === 0) return timeouts.response_head
    const left = Math.max(1, this.sentAt + retries.per_try_timeout - now)
    return timeouts.response_head === 0 ? left : Math.min(left, timeouts.response_head)
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
      case UNWANTED:
        this.readUnwanted(bytes, start, end)
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
    this.rearm(this.headMillis(performance.now()))
    this.attempt?.exchange.connected()
  }

  /** The connection has waited long enough for what it waits for. */
  onTimer(): void {
    const { timeouts } = this.server.upstream
    const exchange = this.attempt === null ? null : this.attempt.exchange
    switch (this.state) {
      case CONNECTING:
        this.fail(FAILURES.connectTimeout, `no connection within ${this.patience(timeouts.connect)} ms`)
        break
      case HEAD:
        // While the request is still coming, or interim responses wait for the client, its own time-out rules, unless it is the
        // server that does not read.
        if (this.channel.paused || (exchange !== null && !exchange.request.done && !exchange.client.channel.paused))
          this.rearm(this.patience(timeouts.response_head))
        else this.fail(FAILURES.responseTimeout, `no response within ${this.patience(timeouts.response_head)} ms`)
        break
      case BODY:
        // Paused means that the client does not read; its own time-out rules.
        if (this.channel.paused) this.rearm(timeouts.body_idle)
        else this.fail(FAILURES.responseIdle, `no byte for ${timeouts.body_idle} ms`)
        break
      case IDLE:
      case UNWANTED:
        this.close()
        break
    }
  }

  /** The shorter of a time-out and that for a single attempt. */
  private patience(timeout: number): number {
    const perTry = this.server.upstream.retries.per_try_timeout
    return perTry > 0 && (timeout === 0 || perTry < timeout) ? perTry : timeout
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
        this.wholeLines = ''
        // What has no body must not say how its body is framed (RFC 9110 section 8.6, RFC 9112 section 6.1).
        this.lastLines = head.status < 200 || head.status === 204 ? unframedLines(text) : linesOf(head)
        const { feedback } = this.server
        if (feedback !== null) {
          this.lastSaid = feedback.read(head.fields.forward)
          this.lastLines = feedback.strip(this.lastLines)
        }
      } else if (this.wholeLines === '') this.wholeLines = inOnePiece(`${this.lastLines}\r\n`)
      at = stop
      const head = this.lastHead!
      if (head.status >= 200) return this.respond(attempt, head, text, bytes, at, end)
      if (head.status === 101) return this.switchProtocols(exchange, head, bytes, at, end)
      if (!exchange.informational(attempt)) continue
      exchange.client.channel.write(`${this.lastLines}\r\n`)
      if (!this.channel.keepPace(exchange.client.channel)) exchange.client.watchWrites()
    }
  }

  private respond(attempt: Attempt, head: ResponseHead, text: string, bytes: Buffer, start: number, end: number): void {
    const { body } = this
    const { exchange } = attempt
    body.startResponse(head.fields, head.status, exchange.head.method)
    this.responseHead = head
    const { feedback } = this.server
    if (this.lastSaid !== null) feedback?.heed(this.server.slot, this.lastSaid)
    const strips = exchange.head.old && head.fields.chunked
    this.unframes = strips && !body.done
    let stop: number
    let content: number
    if (this.unframes) {
      stop = body.unframe(bytes, start, end)
      content = body.unframedEnd
    } else content = stop = body.feed(bytes, start, end)
    if (stop < 0) return this.fail(FAILURES.badResponse, body.refusal!.code)
    // The state first: passing bytes on may end in a call back.
    this.state = BODY
    const connection = exchange.responding(attempt, head, body.untilClose || this.unframes)
    if (connection === null) return this.discard(content - start, stop === end, exchange.request.done)
    exchange.responseBytes += content - start
    const unframed = strips ? unframedLines(text) : ''
    const lines = !strips ? this.lastLines : feedback === null ? unframed : feedback.strip(unframed)
    const whole = connection === '' && !strips && this.wholeLines !== ''
    this.channel.relay(
      exchange.client.channel,
      whole ? this.wholeLines : `${lines}${connection}\r\n`,
      bytes,
      start,
      content,
    )
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
    const attempt = this.release()!
    const { exchange } = attempt
    const now = performance.now()
    // Before the exchange goes on, which may begin the client's next one on this very connection.
    this.settle(clean && exchange.request.done, now)
    exchange.responded(attempt, now)
  }

  /** Nobody wants this response, of which `size` bytes of a body have come: it is read to its end if that is near. */
  private discard(size: number, clean: boolean, requestDone: boolean): void {
    // Without a server for the next attempt the exchange has ended, and closed it.
    if (this.state === CLOSED) return
    this.release()
    const { body } = this
    const near = this.responseHead!.fields.contentLength <= UNWANTED_BYTES && !body.untilClose
    const now = performance.now()
    if (!requestDone || !near || this.channel.pending) this.close()
    else if (body.done) this.settle(clean, now)
    else {
      this.state = UNWANTED
      this.unwanted = size
      this.server.runtime.wheel.set(this.timer, UNWANTED_MS, now)
    }
  }

  private readUnwanted(bytes: Buffer, start: number, end: number): void {
    const { body } = this
    const stop = this.unframes ? body.unframe(bytes, start, end) : body.feed(bytes, start, end)
    this.unwanted += end - start
    if (stop < 0 || this.unwanted > UNWANTED_BYTES) this.close()
    else if (body.done) this.settle(stop === end, performance.now())
  }

  /** Between two exchanges: keeps the connection for the next one, or closes it. */
  private settle(clean: boolean, now: number): void {
    const { server } = this
    const head = this.responseHead!
    this.responseHead = null
    if (head.fields.keepAliveSeconds >= 0) {
      // Leave a second for what is on the way when the server closes.
      const hint = Math.max(head.fields.keepAliveSeconds - 1, 0.1) * 1000
      this.keepAliveMillis = Math.min(server.upstream.connections.idle_timeout || hint, hint)
    }
    if (clean && head.keepAlive && !this.body.untilClose && server.keep(this)) {
      this.state = IDLE
      this.channel.resume()
      server.runtime.wheel.set(this.timer, this.keepAliveMillis, now)
    } else this.close()
  }

  /** The attempt is over as far as the connection goes. */
  private release(): Attempt | null {
    const { attempt } = this
    this.attempt = null
    if (attempt !== null) attempt.connection = null
    return attempt
  }

  private failEarly(detail: string): void {
    const begun = this.attempt?.begun === true
    const failure = begun ? FAILURES.brokenResponse : this.reused ? FAILURES.reusedClosed : FAILURES.closedEarly
    this.fail(failure, detail)
  }

  private fail(failure: Failure, detail: string): void {
    const attempt = this.release()
    this.close()
    attempt?.exchange.attemptFailed(attempt, failure, detail)
  }

  private close(): void {
    if (this.state === CLOSED) return
    if (this.state === IDLE) this.server.forget(this)
    this.state = CLOSED
    this.server.runtime.wheel.remove(this.timer)
    this.server.runtime.counters.addForServer(this.server.slot, SERVER_COUNTER.connectionsActive, -1)
    this.channel.discard()
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
