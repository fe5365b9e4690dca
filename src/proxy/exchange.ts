// The life of one exchange, one request and its response, in the order in which it happens:
//
//   route → admit → pick → connect → forward → respond → account
//
// Nothing flows back but by two doors: an answer of our own (`answer`, `fail`, `refuse`), and another attempt
// (second-chance.ts) as long as nothing of a response has been passed on. `account` is the single way out, also for aborts.

import { performance } from 'node:perf_hooks'
import type { RetriedExchange } from '../balance/retries.ts'
import { failureOf, VERDICT, type Verdict } from '../balance/verdict.ts'
import type { Applicant, Waiting } from '../balance/waiting.ts'
import { Timer } from '../base/timer-wheel.ts'
import type { RequestHead } from '../http1/request-head.ts'
import type { ResponseHead } from '../http1/response-head.ts'
import { FAILURES, type Failure } from '../seams/failures.ts'
import { type KeySource, NONE, OUTCOME, type Outcome } from '../seams/strategy.ts'
import { COUNTER, SERVER_COUNTER } from '../shared/counters.ts'
import type { Admission } from './admission.ts'
import { type Answer, explain } from './answer.ts'
import { Attempt } from './attempt.ts'
import type { ClientConnection } from './client-connection.ts'
import { exchangeKey } from './exchange-key.ts'
import { OutgoingRequest } from './outgoing-request.ts'
import type { Route } from './route.ts'
import type { Runtime } from './runtime.ts'
import { SecondChance } from './second-chance.ts'
import type { Server } from './server.ts'
import type { ServerConnection } from './server-connection.ts'
import { Tunnel } from './tunnel.ts'
import type { Upstream } from './upstream.ts'

export class Exchange implements RetriedExchange, Applicant<Server> {
  readonly client: ClientConnection
  readonly head: RequestHead
  /** Milliseconds on the monotonic clock. */
  readonly startedAt: number
  readonly request: OutgoingRequest
  /** Passed on or answered; 0 before that. */
  status = 0
  requestBytes: number
  responseBytes = 0
  /** Attempts after the first one. */
  retries = 0
  failure: Failure | null = null
  /** The server of the present or last attempt. */
  server: Server | null = null
  /** The present or last one. */
  attempt: Attempt | null = null
  tunnel: Tunnel | null = null
  /** The final response head of a server is on its way to the client. */
  answering = false
  private readonly runtime: Runtime
  private matched: Route | null = null
  private upstream: Upstream | null = null
  private second: SecondChance | null = null
  /** Where places are counted, and how many of them are ours. */
  private admission: Admission | null = null
  private places = 0
  /** Our place in the queue. */
  private waiting: Waiting<Server> | null = null
  /** Slots of the servers that were tried; nearly always there is but one. */
  private firstTried: number = NONE
  private laterTried: number[] | null = null
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
    done: boolean,
  ) {
    this.client = client
    this.runtime = runtime
    this.head = head
    this.request = new OutgoingRequest(head, bytes, start, end, done)
    this.requestBytes = end - start
    this.startedAt = performance.now()
  }

  /** From the request head to the server, as far as it goes without waiting. */
  begin(): void {
    if (this.route() && this.admit()) this.pick()
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
    const route = runtime.route(head.method, head.host, head.target)
    if (route !== undefined) {
      this.matched = route
      this.upstream = route.upstream
      return true
    }
    this.fail(FAILURES.noRoute, `no route for ${head.host}`)
    return false
  }

  // ── admit ──

  /** Whether a server is to be picked at once. Where places are counted, the gate has it picked, now or later. */
  private admit(): boolean {
    const { admission, budget, plan } = this.upstream!
    budget.request(this.startedAt)
    if (plan.timeouts.exchange > 0) {
      this.timer = new Timer(this)
      this.runtime.wheel.set(this.timer, plan.timeouts.exchange, this.startedAt)
    }
    if (admission === null) return true
    this.enter(admission)
    return false
  }

  /** The exchange as a whole has taken too long. */
  onTimer(): void {
    this.fail(FAILURES.exchangeTimeout, `it took longer than ${this.upstream!.plan.timeouts.exchange} ms`)
  }

  /** Where places are counted: lets us in, has us wait, or turns us away. */
  private enter(admission: Admission): void {
    const { gate } = admission
    const verdict = gate.enter(this, this.matched!.priority(this.head), this.startedAt)
    this.admission = admission
    if (verdict === VERDICT.entered) {
      this.places = 1
      this.tryOn(gate.server!, this.startedAt)
    } else if (verdict === VERDICT.waits) {
      this.waiting = gate.waiting
      admission.watch(this.startedAt)
      this.request.hold()
      if (!this.request.done) this.client.channel.pause()
    } else this.turnedAway(verdict, this.startedAt)
  }

  /** Called by the gate, as the next: the wait is over. */
  admitted(server: Server, now: number): void {
    this.waiting = null
    this.places = 1
    this.present()
    this.tryOn(server, now)
    if (this.connection?.connecting === false) this.connected()
  }

  turnedAway(verdict: Verdict, now: number): void {
    const { name } = this.upstream!.plan
    const { gate } = this.admission!
    this.waiting = null
    if (verdict === VERDICT.noServer) {
      this.fail(FAILURES.noServer, `no healthy server in upstream ${name}`)
      return
    }
    const kept = verdict === VERDICT.shed ? ', the rest is kept for higher priorities' : ''
    const state = gate.state + kept
    this.runtime.log.upstreamFull(name, state)
    this.fail(failureOf(verdict), `upstream ${name} is full: ${state}`, gate.retryAfter(now))
  }

  /** Whether there is a place for a second attempt beside the first. It is ours until the end. */
  takePlace(): boolean {
    if (this.admission === null) return true
    if (!this.admission.gate.enterAgain()) return false
    this.places++
    return true
  }

  /** Gives back what `takePlace` took, as no second attempt follows. */
  givePlaceBack(): void {
    if (this.admission === null) return
    this.places--
    this.admission.gate.exitUnused()
  }

  // ── pick ──

  private pick(): void {
    const { pool } = this.upstream!
    const server = pool.choose(this, this.startedAt)
    if (server !== null) this.tryOn(server, this.startedAt)
    else if (pool.anyUp) {
      this.runtime.log.upstreamFull(pool.plan.name, 'no server has a place left')
      this.fail(FAILURES.allServersFull, `no server of upstream ${pool.plan.name} has a place left`)
    } else this.fail(FAILURES.noServer, `no healthy server in upstream ${pool.plan.name}`)
  }

  /**
   * The upstream as it is now: the plan may have changed since the exchange began. All later choices are made there, for
   * the pool of a plan before must not be asked any more: it would take servers away from the pickers of the present one.
   */
  present(): Upstream {
    this.upstream = this.runtime.current(this.upstream!)
    return this.upstream
  }

  /** Asked by the pool, as the next. */
  hasTried(slot: number): boolean {
    return slot === this.firstTried || this.laterTried?.includes(slot) === true
  }

  key(source: KeySource): string {
    return exchangeKey(source, this.head, this.client.address)
  }

  /** Lets the servers that were tried be picked again, but for the one in this slot. */
  forgetTried(slot: number): void {
    this.firstTried = slot
    this.laterTried = null
  }

  private remember(slot: number): void {
    if (this.firstTried === NONE) this.firstTried = slot
    else if (this.laterTried === null) this.laterTried = [slot]
    else this.laterTried.push(slot)
  }

  // ── connect ──

  /** An attempt on this server, on which the pool has taken a place for us. */
  tryOn(server: Server, now: number): void {
    const attempt = this.connect(server, false, now)
    this.attempt = attempt
    this.server = server
    if (this.matched!.hedgeClock !== null) this.chances.awaitHead(now)
    this.forward(attempt)
  }

  /** The same beside an attempt that is under way. `forward` is to follow. */
  connect(server: Server, hedge: boolean, now: number): Attempt {
    const { runtime } = this
    const upstream = this.upstream!
    this.remember(server.slot)
    runtime.counters.addForServer(server.slot, SERVER_COUNTER.picked)
    if (runtime.log.selected !== null) runtime.log.selected(server, upstream.pool.load)
    // A retry does not trust a connection that may be as stale as the last one.
    const connection = server.connection(this.retries > 0 && !hedge)
    if (connection.connecting) {
      this.request.hold()
      if (!this.request.done) this.client.channel.pause()
    } else if (this.head.idempotent || upstream.retries.policy.nonIdempotent) this.request.hold()
    return new Attempt(this, upstream, server, connection, hedge, now)
  }

  /** The connection stands: the rest of the body may come. */
  connected(): void {
    this.client.channel.resume()
  }

  // ── forward ──

  forward(attempt: Attempt): void {
    const connection = attempt.connection!
    const text = this.client.forwarded(this.head, attempt.server)
    connection.begin(attempt, attempt.startedAt)
    this.request.begin(this.client.channel, connection.channel, text)
  }

  /** Passes on more bytes of the request body. */
  sendBody(bytes: Buffer, start: number, end: number): void {
    this.requestBytes += end - start
    const connection = this.connection
    if (connection === null) return
    this.request.goOn(this.client.channel, connection.channel, bytes, start, end)
    if (this.request.done) connection.requestSent()
  }

  private get connection(): ServerConnection | null {
    return this.attempt === null ? null : this.attempt.connection
  }

  // ── respond ──

  /** An interim response has arrived. Returns whether it is to be passed on: HTTP/1.0 does not know them. */
  informational(attempt: Attempt): boolean {
    if (this.head.old) return false
    this.settleOn(attempt, performance.now())
    this.request.committed = true
    this.client.channel.noDelay()
    return true
  }

  /**
   * A final response head has arrived. Returns the Connection line that the client gets, or null when the client is to
   * get nothing of this response, as another attempt goes on or follows.
   */
  responding(attempt: Attempt, head: ResponseHead, endsWithConnection: boolean): string | null {
    const { status } = head
    const now = performance.now()
    attempt.answered(status, now)
    if (this.upstream!.retries.policy.listsStatus(status) && this.setAside(attempt, head, now)) return null
    this.settleOn(attempt, now)
    this.status = status
    this.answering = true
    this.unframed = endsWithConnection
    this.keepsClient = this.head.keepAlive && !endsWithConnection && !this.runtime.draining
    if (!this.keepsClient) return 'Connection: close\r\n'
    return this.head.old ? 'Connection: keep-alive\r\n' : ''
  }

  /** The response was passed on to its last byte. `now` is on the monotonic clock. */
  responded(attempt: Attempt, now: number): void {
    const failed = this.upstream!.plan.failureStatuses[this.status] === 1
    attempt.leave(failed ? OUTCOME.failed : OUTCOME.ok, now)
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
    this.attempt?.answered(101, performance.now())
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

  /** The client hears from the server of this attempt, and of no other. */
  private settleOn(attempt: Attempt, now: number): void {
    if (this.second === null) return
    this.second.won(attempt, now)
    this.attempt = attempt
    this.server = attempt.server
  }

  // ── the doors back ──

  /** The attempt failed on the server's side: another one goes on or follows, or it is the end. */
  attemptFailed(attempt: Attempt, failure: Failure, detail: string): void {
    if (this.over) return
    const { server } = attempt
    const now = performance.now()
    this.runtime.counters.addForServer(server.slot, SERVER_COUNTER.failed)
    // A stale connection says little about the server: it may have closed it just when we wrote.
    attempt.leave(failure === FAILURES.reusedClosed ? OUTCOME.cancelled : OUTCOME.failed, now)
    if (failure.retry === 'connect_failure') server.connectFailed(detail)
    if (failure === FAILURES.reusedClosed) server.closeIdle()
    if (this.goesOnWithout(attempt, now)) return
    if (this.answering || !this.chances.afterFailure(attempt, failure, detail, now)) this.fail(failure, detail)
  }

  /** Whether a response with a status to try again after is not passed on, as there is a second chance. */
  private setAside(attempt: Attempt, head: ResponseHead, now: number): boolean {
    if (!this.goesOnWithout(attempt, now) && !this.chances.afterStatus(attempt, head, now)) return false
    this.runtime.counters.addForServer(attempt.server.slot, SERVER_COUNTER.failed)
    attempt.leave(OUTCOME.failed, now)
    return true
  }

  /** Whether there is a second attempt, which takes the place of this one. */
  private goesOnWithout(attempt: Attempt, now: number): boolean {
    const other = this.second === null ? null : this.second.other(attempt, now)
    if (other === null) return false
    this.attempt = other
    this.server = other.server
    return true
  }

  private get chances(): SecondChance {
    this.second ??= new SecondChance(this, this.runtime, this.matched!)
    return this.second
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
    else {
      const seconds = failure === FAILURES.noServer ? this.upstream!.pool.secondsToTrials() : retryAfter
      this.answer(explain(failure.status, failure.name, failure.message, this.head, seconds))
    }
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
    this.leaveServers()
    this.status = answer.status
    if (!this.internal) this.runtime.counters.addOwnStatus(answer.status)
    this.keepsClient = this.head.keepAlive && this.request.done && !this.runtime.draining
    this.client.answer(answer, this.head, this.keepsClient)
    this.responseBytes = this.head.method === 'HEAD' ? 0 : Buffer.byteLength(answer.body)
    this.account(performance.now())
  }

  private breakOff(): void {
    this.leaveServers()
    this.client.abort(this.unframed)
    this.account(performance.now())
  }

  private leaveServers(): void {
    this.attempt?.destroy()
    this.second?.destroy()
  }

  // ── account ──

  private account(now: number): void {
    if (this.over) return
    this.over = true
    if (this.timer !== null) this.runtime.wheel.remove(this.timer)
    if (!this.internal) this.count((now - this.startedAt) * 1000)
    if (this.attempt !== null) this.attempt.leave(this.outcome, now)
    if (this.second !== null) this.second.end(this.outcome, now)
    if (this.admission !== null) this.leaveUpstream(this.admission)
    this.client.exchangeOver(this.keepsClient, now)
  }

  private leaveUpstream({ gate }: Admission): void {
    if (this.waiting !== null) gate.leave(this.waiting)
    for (; this.places > 0; this.places--) gate.exit()
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
