// The life of one exchange, one request and its response, in the order in which it happens:
//
//   route → admit → pick → connect → forward → respond → account
//
// Nothing flows back but by two doors: an answer of our own (`answer`, `fail`, `refuse`), and a retry (`attemptFailed`)
// for a failure before the first byte of a response. `account` is the single way out, also for aborts.

import { failureOf, VERDICT, type Verdict } from '../balance/verdict.ts'
import type { Applicant, Waiting } from '../balance/waiting.ts'
import { readLatin1 } from '../base/latin1.ts'
import { Timer } from '../base/timer-wheel.ts'
import type { RequestHead } from '../http1/request-head.ts'
import { FAILURES, type Failure } from '../seams/failures.ts'
import { type KeySource, OUTCOME, type Outcome } from '../seams/strategy.ts'
import { COUNTER, SERVER_COUNTER } from '../shared/counters.ts'
import type { Admission } from './admission.ts'
import { type Answer, explain } from './answer.ts'
import { Attempt } from './attempt.ts'
import type { ClientConnection } from './client-connection.ts'
import { exchangeKey } from './exchange-key.ts'
import type { Route } from './route.ts'
import type { Runtime } from './runtime.ts'
import type { Server } from './server.ts'
import type { ServerConnection } from './server-connection.ts'
import { Tunnel } from './tunnel.ts'
import type { Upstream } from './upstream.ts'

/** First body bytes up to this size are held as text and go out with the head in one write. */
const SMALL_BODY = 4 * 1024

export class Exchange implements Applicant<Server> {
  readonly client: ClientConnection
  readonly head: RequestHead
  /** Milliseconds on the monotonic clock. */
  readonly startedAt: number
  /** The last byte of the request has arrived. */
  requestDone: boolean
  /** Passed on or answered; 0 before that. */
  status = 0
  requestBytes: number
  responseBytes = 0
  /** Attempts after the first one. */
  retries = 0
  failure: Failure | null = null
  /** The server of the present or last attempt. */
  server: Server | null = null
  tunnel: Tunnel | null = null
  private readonly runtime: Runtime
  private way: Route | null = null
  private upstream: Upstream | null = null
  /** What we have a place in, where places are counted. */
  private admission: Admission | null = null
  /** Our place in the queue. */
  private waiting: Waiting<Server> | null = null
  /** The present one; null before the first and when none is under way. */
  private attempt: Attempt | null = null
  /** What of the body came together with the head: in the read buffer while `begin` runs, then only if it is held. */
  private readonly firstBytes: Buffer
  private readonly firstStart: number
  private readonly firstEnd: number
  /** The same in memory of its own, to be sent later or once more. */
  private held: string | Buffer | null = null
  /** Body bytes were sent that are not held: the request cannot be sent again. */
  private streamed = false
  /** Slots. */
  private readonly tried: number[] = []
  /** A final response head is on its way to the client. */
  private answering = false
  private keepsClient = false
  /** The end of the response can be told only by the end of the connection. */
  private unframed = false
  /** Bounds the whole exchange, where the config asks for it. */
  private timer: Timer | null = null
  /** Asked of us, not of a server: not counted. */
  private internal = false
  private over = false

  constructor(
    client: ClientConnection,
    runtime: Runtime,
    head: RequestHead,
    bytes: Buffer,
    start: number,
    end: number,
    requestDone: boolean,
  ) {
    this.client = client
    this.runtime = runtime
    this.head = head
    this.firstBytes = bytes
    this.firstStart = start
    this.firstEnd = end
    this.requestBytes = end - start
    this.requestDone = requestDone
    this.startedAt = performance.now()
  }

  /** From the request head to the server, as far as it goes without waiting. */
  begin(): void {
    if (!this.route()) return
    this.admit()
    this.pick()
  }

  // ── route ──

  private route(): boolean {
    const { runtime, head } = this
    if (runtime.isMetrics(head.target)) {
      this.internal = true
      this.answer(runtime.metricsAnswer(head))
      return false
    }
    runtime.counters.add(COUNTER.requests)
    runtime.counters.add(COUNTER.exchangesActive)
    const way = runtime.route(head.method, head.host, head.target)
    if (way !== undefined) {
      this.way = way
      this.upstream = way.upstream
      return true
    }
    this.fail(FAILURES.noRoute, `no route for ${head.host}`)
    return false
  }

  // ── admit ──

  private admit(): void {
    const { budget, plan } = this.upstream!
    budget.request(this.startedAt)
    if (plan.timeouts.exchange === 0) return
    this.timer = new Timer(this)
    this.runtime.wheel.set(this.timer, plan.timeouts.exchange, this.startedAt)
  }

  /** The exchange as a whole has taken too long. */
  onTimer(): void {
    this.fail(FAILURES.exchangeTimeout, `it took longer than ${this.upstream!.plan.timeouts.exchange} ms`)
  }

  // ── pick ──

  private pick(): void {
    const { pool, admission } = this.upstream!
    if (admission !== null) {
      this.enter(admission)
      return
    }
    const server = pool.choose(this, this.startedAt)
    if (server !== null) this.connect(server, this.startedAt)
    else if (pool.anyUp) {
      this.runtime.log.upstreamFull(pool.plan.name, 'max_active of each server is reached')
      this.fail(FAILURES.allServersFull, `no server of upstream ${pool.plan.name} has a place left`)
    } else this.fail(FAILURES.noServer, `no healthy server in upstream ${pool.plan.name}`)
  }

  /** The same where places are counted: it may be ours to wait for one. */
  private enter(admission: Admission): void {
    const { gate } = admission
    const verdict = gate.enter(this, this.way!.priority(this.head), this.startedAt)
    if (verdict === VERDICT.entered) {
      this.admission = admission
      this.connect(gate.server!, this.startedAt)
    } else if (verdict === VERDICT.waits) {
      this.waiting = gate.waiting
      admission.watch(this.startedAt)
      this.hold()
      if (!this.requestDone) this.client.channel.pause()
    } else this.turnedAway(verdict, this.startedAt)
  }

  /** Called by the gate, as the next: the wait is over. */
  admitted(server: Server, now: number): void {
    const { admission } = this.upstream!
    this.waiting = null
    this.admission = admission
    // The plan may have changed meanwhile.
    this.upstream = this.runtime.current(this.upstream!)
    this.connect(server, now)
    if (this.connection?.connecting === false) this.connected()
  }

  turnedAway(verdict: Verdict, now: number): void {
    const { admission, plan } = this.upstream!
    const { gate } = admission!
    this.waiting = null
    if (verdict === VERDICT.noServer) {
      this.fail(FAILURES.noServer, `no healthy server in upstream ${plan.name}`)
      return
    }
    const { state } = gate
    this.runtime.log.upstreamFull(plan.name, state)
    this.fail(failureOf(verdict), `upstream ${plan.name} is full: ${state}`, gate.retryAfter(now))
  }

  /** Asked by the pool, as the next. */
  hasTried(slot: number): boolean {
    return this.tried.length > 0 && this.tried.includes(slot)
  }

  key(source: KeySource): string {
    return exchangeKey(source, this.head, this.client.address)
  }

  // ── connect ──

  /** The pool has taken a place on this server for us. */
  private connect(server: Server, now: number): void {
    const { runtime } = this
    const upstream = this.upstream!
    this.server = server
    this.tried.push(server.slot)
    runtime.counters.addForServer(server.slot, SERVER_COUNTER.picked)
    if (runtime.log.selected !== null) runtime.log.selected(server, upstream.pool.load)
    // A retry does not trust a connection that may be as stale as the last one.
    const connection = server.connection(this.retries > 0)
    const attempt = new Attempt(this, upstream, server, connection, now)
    this.attempt = attempt
    if (connection.connecting) {
      this.hold()
      if (!this.requestDone) this.client.channel.pause()
    } else if (this.head.idempotent) this.hold()
    this.forward(attempt, connection)
  }

  /** The connection stands: the rest of the body may come. */
  connected(): void {
    this.client.channel.resume()
  }

  // ── forward ──

  private forward(attempt: Attempt, connection: ServerConnection): void {
    const { head } = this
    const host = head.host === '' ? `Host: ${attempt.server.authority}\r\n` : ''
    const text = `${head.method} ${head.target} HTTP/1.1\r\n${host}${this.client.forwardBlock(head)}`
    const { held, firstStart, firstEnd } = this
    connection.begin(attempt, attempt.startedAt)
    if (typeof held === 'string') connection.channel.write(held === '' ? text : text + held)
    else if (held !== null) connection.channel.writeBytes(text, held)
    else {
      this.streamed = true
      this.client.channel.relay(connection.channel, text, this.firstBytes, firstStart, firstEnd)
    }
  }

  /** Keeps the first part of the body, which is still in the read buffer. */
  private hold(): void {
    const { firstBytes, firstStart, firstEnd } = this
    if (this.held !== null) return
    if (firstEnd - firstStart > SMALL_BODY) this.held = Buffer.from(firstBytes.subarray(firstStart, firstEnd))
    else this.held = firstStart === firstEnd ? '' : readLatin1(firstBytes, firstStart, firstEnd)
  }

  /** Passes on more bytes of the request body. */
  sendBody(bytes: Buffer, start: number, end: number): void {
    this.requestBytes += end - start
    const connection = this.connection
    if (connection === null) return
    this.streamed = true
    this.client.channel.relay(connection.channel, '', bytes, start, end)
    if (this.requestDone) connection.requestSent()
  }

  /** All that was passed on of the request has left. */
  get requestFlushed(): boolean {
    return this.connection !== null && !this.connection.channel.pending
  }

  private get connection(): ServerConnection | null {
    return this.attempt === null ? null : this.attempt.connection
  }

  // ── respond ──

  /** Passes on an interim response; HTTP/1.0 does not know them. */
  informational(text: string): void {
    if (this.head.old) return
    this.client.channel.noDelay()
    this.client.channel.write(text)
  }

  /** A final response head has arrived. Returns the Connection line that the client gets. */
  responding(attempt: Attempt, status: number, endsWithConnection: boolean): string {
    this.status = status
    attempt.headAt = performance.now()
    this.answering = true
    this.unframed = endsWithConnection
    this.keepsClient = this.head.keepAlive && !endsWithConnection && !this.runtime.draining
    if (!this.keepsClient) return 'Connection: close\r\n'
    return this.head.old ? 'Connection: keep-alive\r\n' : ''
  }

  /** The response was passed on to its last byte. `now` is on the monotonic clock. */
  responded(attempt: Attempt, now: number): void {
    attempt.connection = null
    attempt.leave(this.status >= 500 ? OUTCOME.failed : OUTCOME.ok, now)
    this.account(now)
  }

  /** Whether the request asks for another protocol. */
  get upgrades(): boolean {
    return !this.head.old && this.head.fields.upgrade !== ''
  }

  /** The server has agreed: `text` is its head for the client, and bytes go both ways from here on. */
  switchProtocols(server: ServerConnection, text: string): Tunnel {
    const { runtime, client } = this
    this.status = 101
    this.answering = true
    // The exchange proper is over; a tunnel has its own time-out.
    if (this.timer !== null) runtime.wheel.remove(this.timer)
    client.channel.write(text)
    const idle = this.upstream!.plan.timeouts.tunnel_idle
    this.tunnel = new Tunnel(runtime, client.channel, server.channel, idle, (failure) => {
      this.failure ??= failure
      if (failure !== null) runtime.counters.addFailure(failure.number)
      server.destroy()
      client.abort(failure !== null)
      this.account(performance.now())
    })
    client.enterTunnel(this.tunnel)
    return this.tunnel
  }

  // ── the doors back ──

  /** The attempt failed on the server's side: another one follows, or the end. */
  attemptFailed(attempt: Attempt, failure: Failure, detail: string): void {
    if (this.over) return
    const { runtime } = this
    const { server } = attempt
    attempt.connection = null
    runtime.counters.addForServer(server.slot, SERVER_COUNTER.failed)
    const now = performance.now()
    attempt.leave(OUTCOME.failed, now)
    if (failure.retry === 'unsent') server.connectFailed(detail)
    if (failure === FAILURES.reusedClosed) server.closeIdle()
    const next = this.nextServer(attempt, failure, now)
    if (next === null) {
      this.fail(failure, detail)
      return
    }
    this.retries++
    runtime.counters.add(COUNTER.retries)
    runtime.log.retrying(this, server, failure, detail)
    this.connect(next, now)
  }

  /** Where to try again after a failure; null when the exchange may not be tried again. */
  private nextServer(attempt: Attempt, failure: Failure, now: number): Server | null {
    const upstream = this.upstream!
    if (failure.retry === 'never' || attempt.begun || this.streamed) return null
    if (failure.retry === 'replay' && !this.head.idempotent) return null
    if (this.retries >= upstream.plan.retries.attempts) return null
    let next = upstream.pool.choose(this, now)
    if (next === null && failure.retry === 'replay') {
      // Every server was tried. One that closed a connection may well take a new one; one out of reach will not.
      this.tried.length = 0
      next = upstream.pool.choose(this, now)
    }
    if (next === null || upstream.budget.withdraw(now)) return next
    upstream.pool.giveBack(next)
    this.runtime.counters.add(COUNTER.retriesOverBudget)
    return null
  }

  /**
   * The exchange has failed for good: the client gets an answer, or sees its response break off. `retryAfter`: seconds
   * after which it may try again, where that is known.
   */
  fail(failure: Failure, detail: string, retryAfter = 0): void {
    if (this.over) return
    const { runtime } = this
    this.failure = failure
    runtime.counters.addFailure(failure.number)
    if (failure.blame !== 'client') runtime.counters.add(COUNTER.failed)
    if (this.answering || failure.status === 0) this.breakOff()
    else this.answer(explain(failure.status, failure.name, failure.message, this.head, retryAfter))
    runtime.log.failed(this, detail)
  }

  /** The client's body broke a rule or came too late. */
  refuse(status: number, code: string, message: string): void {
    if (this.over) return
    this.failure = FAILURES.refused
    this.runtime.counters.addFailure(FAILURES.refused.number)
    this.runtime.log.refused(this.client.address, code, status)
    if (this.answering) this.breakOff()
    else this.answer(explain(status, code, message, this.head))
  }

  /** Answers the client ourselves. */
  private answer(answer: Answer): void {
    this.attempt?.destroy()
    this.status = answer.status
    if (!this.internal) this.runtime.counters.addOwnStatus(answer.status)
    this.keepsClient = this.head.keepAlive && this.requestDone && !this.runtime.draining
    this.client.answer(answer, this.head, this.keepsClient)
    this.account(performance.now())
  }

  private breakOff(): void {
    this.attempt?.destroy()
    this.client.abort(this.unframed)
    this.account(performance.now())
  }

  // ── account ──

  private account(now: number): void {
    if (this.over) return
    this.over = true
    if (this.timer !== null) this.runtime.wheel.remove(this.timer)
    if (!this.internal) this.count((now - this.startedAt) * 1000)
    if (this.attempt !== null) this.attempt.leave(this.outcome, now)
    if (this.waiting !== null) this.upstream!.admission!.gate.leave(this.waiting)
    if (this.admission !== null) this.admission.gate.exit()
    this.client.exchangeOver(this.keepsClient, now)
  }

  private count(micros: number): void {
    const { counters, log } = this.runtime
    counters.add(COUNTER.exchangesActive, -1)
    counters.add(COUNTER.requestBytes, this.requestBytes)
    counters.add(COUNTER.responseBytes, this.responseBytes)
    if (this.answering) counters.addExchange(this.server!.slot, this.status, micros)
    if (log.finished !== null) log.finished(this, micros)
  }

  /** What the end of the exchange says about a server that was at work on it. */
  private get outcome(): Outcome {
    if (this.failure === null) return OUTCOME.ok
    return this.failure.blame === 'server' ? OUTCOME.failed : OUTCOME.cancelled
  }
}
