// A connection from a client: reads one request after another, begins an exchange for each, and keeps what comes too
// early. One exchange at a time, so pipelined requests are answered in order.

import { performance } from 'node:perf_hooks'
import type { Placed } from '../base/bag.ts'
import { inOnePiece } from '../base/latin1.ts'
import { Timer } from '../base/timer-wheel.ts'
import { BodyReader } from '../http1/body-reader.ts'
import type { Fields } from '../http1/fields.ts'
import { HeadReader, MORE, REFUSED } from '../http1/head-reader.ts'
import { REFUSALS, Refusal } from '../http1/refusals.ts'
import { type RequestHead, readRequestHead } from '../http1/request-head.ts'
import { FAILURES } from '../seams/failures.ts'
import { COUNTER } from '../shared/counters.ts'
import type { Accepted } from './acceptor.ts'
import { type Answer, answerText, explain } from './answer.ts'
import { Channel, type ChannelOwner } from './channel.ts'
import { Exchange } from './exchange.ts'
import type { Forwarder } from './forwarder.ts'
import type { Runtime } from './runtime.ts'
import type { Server } from './server.ts'
import type { Tunnel } from './tunnel.ts'
import { type BatchedWriter, writeBatch } from './write-batch.ts'

/** Waiting for a request, or for the rest of its head. */
const HEAD = 0
/** The request body is coming in. */
const BODY = 1
/** The request has arrived, its exchange goes on. */
const BUSY = 2
const TUNNEL = 3
/** The last answer is written, and the connection closes at the end of this turn. */
const LEAVING = 4
/** Our last byte is sent; what still comes is thrown away, so that the client can read our answer before a reset. */
const LINGER = 5
const CLOSED = 6

const LINGER_MS = 2000
/** For how long an idle connection remembers its last head. */
const MEMORY_MS = 5000
/** Bytes of later requests that are kept before we stop reading. */
const MAX_EARLY = 64 * 1024

export class ClientConnection implements ChannelOwner, BatchedWriter, Placed {
  readonly channel: Channel
  /** IP address. */
  readonly address: string
  place = -1
  private readonly runtime: Runtime
  private readonly trusted: boolean
  private state: number = HEAD
  private readonly reader: HeadReader
  private readonly body = new BodyReader()
  private readonly timer = new Timer(this)
  private exchange: Exchange | null = null
  private tunnel: Tunnel | null = null
  /** Bytes that came before their time: pipelined requests, or the first of a tunnel. */
  private early: Buffer | null = null
  private reading = false
  /** The last head: clients repeat their header lines to the letter. */
  private previous: RequestHead | null = null
  private forwardFields: Fields | null = null
  private forwardBlock = ''
  private forwardHead: RequestHead | null = null
  private forwardText = ''
  /** What the server was told about the client the last time, and what it depends on. */
  private about = ''
  private aboutWhole = false
  private aboutHost = ''
  private aboutOld = false
  private aboutBy: Forwarder | null = null
  /** Bytes that had left when the write watch last looked. */
  private delivered = 0

  constructor(runtime: Runtime, accepted: Accepted) {
    this.runtime = runtime
    const { limits, timeouts } = runtime.plan
    this.reader = new HeadReader(limits.request_head_size, limits.request_target_length)
    this.channel = Channel.adopt(runtime.buffers, this, accepted)
    this.address = this.channel.address
    this.trusted = runtime.forwarder.trusts(this.address)
    runtime.clients.add(this)
    runtime.counters.add(COUNTER.clientConnections)
    runtime.counters.add(COUNTER.clientConnectionsActive)
    runtime.wheel.set(this.timer, timeouts.client_head, performance.now())
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    switch (this.state) {
      case HEAD:
        this.readRequests(bytes, start, end)
        break
      case BODY: {
        const stop = this.readBody(bytes, start, end)
        if (stop < end) this.keepForLater(bytes, stop, end)
        break
      }
      case BUSY:
        this.keepForLater(bytes, start, end)
        break
      case TUNNEL:
        this.tunnel!.fromClient(bytes, start, end)
        break
    }
  }

  onEnd(): void {
    switch (this.state) {
      case TUNNEL:
        this.tunnel!.clientEnded()
        break
      case BODY:
      case BUSY:
        if (this.unread) this.finish()
        else this.exchange?.fail(FAILURES.clientClosed, 'the client closed the connection')
        break
      case HEAD:
        this.finish()
        break
      case LEAVING:
        this.leaveOrFinish()
        break
      default:
        // Our end is under way behind the last bytes, and closes the connection.
        if (!this.channel.pending) this.channel.destroy()
    }
  }

  onClose(): void {
    const { state } = this
    if (state === CLOSED) return
    this.state = CLOSED
    this.runtime.wheel.remove(this.timer)
    this.runtime.counters.add(COUNTER.clientConnectionsActive, -1)
    if (state === TUNNEL) this.tunnel!.clientClosed()
    else this.exchange?.fail(FAILURES.clientClosed, 'the client closed the connection')
    // Last: a worker that drains reports that it is empty here, and may be ended at any moment from then on.
    this.runtime.clientGone(this)
  }

  /**
   * The head that goes to the server for this one, with its empty line. It is kept for when the head is repeated, which
   * also spares putting its pieces together again on the way out; equal header blocks are made once.
   */
  forwarded(head: RequestHead, server: Server): string {
    if (head === this.forwardHead) return this.forwardText
    const { fields } = head
    if (fields !== this.forwardFields) {
      const lines = this.linesAbout(head)
      const upgrade = head.old || fields.upgrade === '' ? '' : `Connection: Upgrade\r\nUpgrade: ${fields.upgrade}\r\n`
      this.forwardFields = fields
      this.forwardBlock = `${fields.forward}${lines}${upgrade}\r\n`
    }
    const line = `${head.method} ${head.target} HTTP/1.1\r\n`
    // Without a Host the text depends on the server.
    if (head.host === '') return `${line}Host: ${server.authority}\r\n${this.forwardBlock}`
    this.forwardHead = head
    this.forwardText = line + this.forwardBlock
    return this.forwardText
  }

  /**
   * The lines that say who the client is. Of one that is not trusted they depend on few things, so that they stay the same
   * while its other header lines change.
   */
  private linesAbout(head: RequestHead): string {
    const { forwarder } = this.runtime
    if (this.trusted) return forwarder.lines(head, this.address, true)
    if (head.host !== this.aboutHost || head.old !== this.aboutOld || forwarder !== this.aboutBy) {
      this.aboutBy = forwarder
      this.aboutHost = head.host
      this.aboutOld = head.old
      this.about = forwarder.lines(head, this.address, false)
      this.aboutWhole = false
    } else if (!this.aboutWhole) {
      this.about = inOnePiece(this.about)
      this.aboutWhole = true
    }
    return this.about
  }

  /** Writes an answer of our own. */
  answer(answer: Answer, head: RequestHead, keeps: boolean): void {
    const connection = !keeps ? 'Connection: close\r\n' : head.old ? 'Connection: keep-alive\r\n' : ''
    this.channel.write(answerText(answer, head.method, connection))
  }

  /** Ends the connection in mid-response; with `reset` so that nobody can take it for a normal end. */
  abort(reset: boolean): void {
    if (this.state === CLOSED) return
    if (!reset) {
      this.finish()
      return
    }
    this.state = LINGER
    this.channel.reset()
  }

  /** The exchange is over; `keeps` says whether the connection may carry another one. */
  exchangeOver(keeps: boolean, now: number): void {
    this.exchange = null
    if (this.state !== BODY && this.state !== BUSY) return
    if (!keeps || this.state === BODY || (this.runtime.draining && this.early === null)) {
      // A client that asked for the end sends nothing more, so there is nothing to wait for.
      const asked = this.state === BUSY && this.early === null && !this.previous!.keepAlive
      if (!asked) this.finish()
      else if (writeBatch.takes(this)) this.state = LEAVING
      else this.leaveOrFinish()
      return
    }
    if (this.channel.pending) {
      this.awaitReader()
      return
    }
    this.state = HEAD
    this.runtime.wheel.set(this.timer, Math.min(this.idleMillis(), MEMORY_MS), now)
    this.channel.resume()
    if (this.early === null || this.reading) return
    const { early } = this
    this.early = null
    this.readRequests(early, 0, early.length)
  }

  /** The client does not take what it gets: before it has, its next request must wait, or answers would pile up here. */
  private awaitReader(): void {
    this.watchWrites()
    this.channel.whenFlushed(() => {
      if (this.unread) this.exchangeOver(true, performance.now())
    })
  }

  /** Nothing waits for the client, or it has taken some of it since the write watch last looked. */
  private get reads(): boolean {
    return !this.channel.pending || this.channel.delivered !== this.delivered
  }

  /** The exchange is over, but its last bytes have not left. */
  private get unread(): boolean {
    return this.state === BUSY && this.exchange === null
  }

  enterTunnel(tunnel: Tunnel): void {
    this.state = TUNNEL
    this.channel.noDelay()
    this.tunnel = tunnel
    this.timer.deadline = 0
    this.channel.resume()
    if (this.early === null) return
    const { early } = this
    this.early = null
    tunnel.fromClient(early, 0, early.length)
  }

  /** A response goes out in several writes: ends the exchange when the client takes none of it for too long. */
  watchWrites(): void {
    this.channel.noDelay()
    this.delivered = this.channel.delivered
    this.runtime.wheel.set(this.timer, this.runtime.plan.timeouts.client_body_idle, performance.now())
  }

  /** Shutdown: closes the connection when nothing is going on. */
  closeIdle(): void {
    if (this.unread && this.early === null) this.finish()
    else if (this.state === HEAD && !this.reader.begun) this.leaveOrFinish()
  }

  /** Shutdown: ends whatever is going on. Returns whether that cut an exchange. */
  cut(): boolean {
    const cuts = this.exchange !== null
    if (this.tunnel !== null) this.tunnel.cut()
    else this.exchange?.fail(FAILURES.cutAtShutdown, 'the shutdown did not wait any longer')
    this.channel.destroySoon()
    return cuts
  }

  private readRequests(bytes: Buffer, start: number, end: number): void {
    this.reading = true
    let at = start
    while (at < end && this.state === HEAD) at = this.readRequest(bytes, at, end)
    this.reading = false
    if (at < end && (this.state === BUSY || this.state === TUNNEL)) this.keepForLater(bytes, at, end)
  }

  /** Reads a request as far as it has come; returns the offset behind it. */
  private readRequest(bytes: Buffer, start: number, end: number): number {
    const { runtime, reader, body } = this
    const { limits, timeouts } = runtime.plan
    const begun = reader.begun
    const headEnd = reader.feed(bytes, start, end)
    if (headEnd === MORE) {
      if (!begun) runtime.wheel.set(this.timer, timeouts.client_head, performance.now())
      return end
    }
    if (headEnd === REFUSED) return this.refuse(reader.refusal!, null, end)
    const head = readRequestHead(reader.head, limits, this.previous)
    if (head instanceof Refusal) return this.refuse(head, null, end)
    // Answers to several requests are several writes, and the first must not hold up the second.
    if (this.previous !== null) this.channel.noDelay()
    this.previous = head
    if (head.method === 'CONNECT') return this.refuse(REFUSALS.connectMethod, head, end)
    const { fields } = head
    const maxBody = limits.request_body_size
    if (maxBody > 0 && fields.contentLength > maxBody) return this.refuse(REFUSALS.bodyTooLarge, head, end)

    body.startRequest(fields)
    const bodyEnd = body.feed(bytes, headEnd, end)
    if (bodyEnd < 0) return this.refuse(body.refusal!, head, end)
    if (maxBody > 0 && body.content > maxBody) return this.refuse(REFUSALS.bodyTooLarge, head, end)
    if (body.done) {
      this.state = BUSY
      this.timer.deadline = 0
    } else {
      this.state = BODY
      runtime.wheel.set(this.timer, timeouts.client_body_idle, performance.now())
    }
    const exchange = new Exchange(this, runtime, head, bytes, headEnd, bodyEnd, body.done)
    this.exchange = exchange
    exchange.begin()
    return bodyEnd
  }

  /** Passes on what belongs to the request body; returns the offset behind that. */
  private readBody(bytes: Buffer, start: number, end: number): number {
    const { body, runtime } = this
    const exchange = this.exchange!
    const stop = body.feed(bytes, start, end)
    const maxBody = runtime.plan.limits.request_body_size
    const refusal = stop < 0 ? body.refusal! : maxBody > 0 && body.content > maxBody ? REFUSALS.bodyTooLarge : null
    if (refusal !== null) {
      exchange.refuse(refusal.status, refusal.code, refusal.message)
      return end
    }
    if (body.done) {
      this.state = BUSY
      exchange.request.done = true
      this.timer.deadline = 0
    } else runtime.wheel.set(this.timer, runtime.plan.timeouts.client_body_idle, performance.now())
    exchange.sendBody(bytes, start, stop)
    return stop
  }

  private keepForLater(bytes: Buffer, start: number, end: number): void {
    const part = bytes.subarray(start, end)
    this.early = this.early === null ? Buffer.from(part) : Buffer.concat([this.early, part])
    if (this.early.length > MAX_EARLY) this.channel.pause()
  }

  /** Refuses a request that never became an exchange, and closes. */
  private refuse(refusal: Refusal, head: RequestHead | null, end: number): number {
    const { runtime } = this
    runtime.counters.add(COUNTER.requests)
    runtime.counters.addFailure(FAILURES.refused.number)
    runtime.counters.addOwnStatus(refusal.status)
    runtime.log.refused(this.address, refusal.code, refusal.status)
    const answer = explain(refusal.status, refusal.code, refusal.message, head)
    this.channel.write(answerText(answer, head === null ? '' : head.method, 'Connection: close\r\n'))
    this.finish()
    return end
  }

  /** Called at the end of the turn in which the last answer was written. */
  flush(): void {
    if (this.state === LEAVING) this.leaveOrFinish()
  }

  /** Closes a connection that carries no exchange: at once, when nothing waits to leave. */
  private leaveOrFinish(): void {
    this.channel.flush()
    if (this.channel.pending) {
      this.finish()
      return
    }
    this.onClose()
    this.channel.discard()
  }

  /** Sends what is written and then our end, and waits a little for the client's. */
  private finish(): void {
    this.state = LINGER
    this.early = null
    this.channel.resume()
    this.channel.flush()
    if (this.channel.pending) {
      // A slow reader gets all of it.
      this.watchWrites()
      this.channel.whenFlushed(() => this.linger())
    } else this.linger()
    this.channel.end()
  }

  private linger(): void {
    if (this.state === LINGER) this.runtime.wheel.set(this.timer, LINGER_MS, performance.now())
  }

  /** The connection has waited long enough for what it waits for. */
  onTimer(): void {
    const { timeouts } = this.runtime.plan
    switch (this.state) {
      case HEAD:
        if (this.reader.begun) this.refuse(REFUSALS.headTimeout, null, 0)
        else this.forgetOrFinish()
        break
      case BODY:
        // Paused means that the server does not read; its own time-out rules.
        if (!this.channel.paused) {
          const { status, code, message } = REFUSALS.bodyTimeout
          this.exchange?.refuse(status, code, message)
        } else this.runtime.wheel.set(this.timer, timeouts.client_body_idle, performance.now())
        break
      case BUSY:
        if (this.reads) this.watchWrites()
        else if (this.unread) this.channel.reset()
        else this.exchange?.fail(FAILURES.clientStalled, `the client read nothing for ${timeouts.client_body_idle} ms`)
        break
      case LINGER:
        if (this.channel.pending && this.reads) this.watchWrites()
        else this.channel.destroy()
        break
    }
  }

  /** An idle connection first gives up what it remembers, so that thousands of them cost little, and ends later. */
  private forgetOrFinish(): void {
    const rest = this.idleMillis() - MEMORY_MS
    if (this.previous === null || rest <= 0) {
      this.finish()
      return
    }
    this.previous = null
    this.forwardFields = null
    this.forwardBlock = ''
    this.forwardHead = null
    this.forwardText = ''
    this.aboutBy = null
    this.aboutHost = ''
    this.about = ''
    if (rest < Number.POSITIVE_INFINITY) this.runtime.wheel.set(this.timer, rest, performance.now())
  }

  /** How long the connection may be idle between two requests. */
  private idleMillis(): number {
    return this.runtime.plan.timeouts.keep_alive_idle || Number.POSITIVE_INFINITY
  }
}
