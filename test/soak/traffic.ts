// The traffic of the soak: many kinds of exchanges, each at a rate of its own, paced so that the machine stays usable.
// Every kind knows how it must end; whatever ends otherwise goes into the ledger.
import { Agent } from 'node:http'
import { connect } from 'node:net'
import type { Ledger } from './ledger.ts'
import { randomStretch, type Stretch } from './pattern.ts'
import { type Outcome, type Sending, send } from './send.ts'
import { cutTunnel, tunnel } from './tunnel.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** Resolves with what was wrong, or null. */
type Kind = (traffic: Traffic) => Promise<string | null>

// biome-ignore format: a table reads best with one row a line
const KINDS: Readonly<Record<string, { readonly perSecond: number; readonly run: Kind }>> = {
  small: { perSecond: 180, run: (t) => t.get('bytes', t.stretch(0, 2 * KIB)) },
  chunked: { perSecond: 20, run: (t) => t.get('chunked', t.stretch(0, 200 * KIB)) },
  alone: { perSecond: 15, run: (t) => t.get('bytes', t.stretch(0, 2 * KIB), { agent: false }) },
  large: { perSecond: 4, run: (t) => t.get('bytes', t.stretch(MIB, 4 * MIB)) },
  slow: { perSecond: 1, run: (t) => t.get('bytes', t.stretch(MIB, 4 * MIB), { rest: 500 }) },
  post: { perSecond: 20, run: (t) => t.post(t.stretch(0, 200 * KIB), {}) },
  postChunked: { perSecond: 10, run: (t) => t.post(t.stretch(2, 200 * KIB), { chunked: true }) },
  leavesSending: { perSecond: 5, run: (t) => t.leaves('POST', 'echo', { body: t.stretch(300 * KIB, 500 * KIB), leaveAfterSending: 100 * KIB }) },
  leavesReading: { perSecond: 5, run: (t) => t.leaves('GET', 'bytes', { expected: t.stretch(MIB, 2 * MIB), leaveAfterReading: 200 * KIB }) },
  leavesWaiting: { perSecond: 4, run: (t) => t.leaves('GET', 'hang', { leaveAfter: 20 + 400 * t.random() }) },
  error: { perSecond: 5, run: (t) => t.fails('GET', 'status/500', [500]) },
  missing: { perSecond: 3, run: (t) => t.fails('GET', 'status/418', [418]) },
  reset: { perSecond: 2, run: (t) => t.fails('GET', 'reset', [502]) },
  resetPost: { perSecond: 2, run: (t) => t.fails('POST', 'reset', [502]) },
  hang: { perSecond: 0.5, run: (t) => t.fails('GET', 'hang', [504]) },
  half: { perSecond: 2, run: (t) => t.half(t.stretch(100 * KIB, 400 * KIB)) },
  refused: { perSecond: 2, run: (t) => refused(t.port) },
  tunnel: { perSecond: 3, run: (t) => tunnel(`${t.port}${t.prefix()}`, t.random, t.ledger) },
  cutTunnel: { perSecond: 1, run: (t) => cutTunnel(`${t.port}${t.prefix()}`, t.random, t.ledger) },
}

/** A kind waits while so many of it are under way, so that a slow machine gets less traffic and not more of it at once. */
const MOST_AT_ONCE = 16

export class Traffic {
  readonly port: number
  readonly random: () => number
  /** Exchanges of each kind that were begun. */
  readonly begun: Record<string, number> = {}
  readonly ledger: Ledger
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 32, timeout: 20_000 })
  private readonly timers = new Map<string, NodeJS.Timeout>()
  private readonly underWay = new Set<Promise<void>>()

  constructor(port: number, random: () => number, ledger: Ledger) {
    this.port = port
    this.random = random
    this.ledger = ledger
  }

  start(): void {
    for (const kind of Object.keys(KINDS)) this.schedule(kind, new Set())
  }

  /** Resolves when the last exchange is over and every connection of the clients is closed. */
  async stop(): Promise<void> {
    for (const timer of this.timers.values()) clearTimeout(timer)
    this.timers.clear()
    await Promise.all(this.underWay)
    this.agent.destroy()
  }

  /** What each upstream's paths begin with, at random. */
  prefix(): string {
    return this.random() < 0.5 ? '' : '/turns'
  }

  stretch(least: number, most: number): Stretch {
    return randomStretch(this.random, least, most)
  }

  async get(what: string, expected: Stretch, more: Partial<Sending> = {}): Promise<string | null> {
    return whole(await this.send('GET', `${what}/${expected.offset}/${expected.size}`, { expected, ...more }), 200)
  }

  async post(body: Stretch, more: Partial<Sending>): Promise<string | null> {
    return whole(await this.send('POST', 'echo', { body, expected: body, ...more }), 200)
  }

  async leaves(method: 'GET' | 'POST', what: string, more: Partial<Sending>): Promise<string | null> {
    const { expected } = more
    const path = expected === undefined ? what : `${what}/${expected.offset}/${expected.size}`
    const outcome = await this.send(method, path, { agent: false, ...more })
    return outcome.end === 'left' ? null : told(outcome)
  }

  async fails(method: 'GET' | 'POST', what: string, statuses: number[]): Promise<string | null> {
    const outcome = await this.send(method, what, method === 'POST' ? { body: { offset: 0, size: 100 } } : {})
    return outcome.end === 'whole' && statuses.includes(outcome.status) ? null : told(outcome)
  }

  /** The server breaks off in mid-response: the client must see that, and never an end. */
  async half(expected: Stretch): Promise<string | null> {
    const outcome = await this.send('GET', `half/${expected.offset}/${expected.size}`, { expected })
    // A reset may overtake all that the server sent before it.
    if (outcome.status === 200) return outcome.end === 'broken' ? null : told(outcome)
    return whole(outcome, 502)
  }

  private async send(method: 'GET' | 'POST', path: string, more: Partial<Sending>): Promise<Outcome> {
    const { port, agent } = this
    const target = `${this.prefix()}/${path}`
    const outcome = await send({ port, method, path: target, agent, ...more })
    if (outcome.wrong) this.ledger.breach(`${method} ${target}: wrong bytes: ${told(outcome)}`)
    return outcome
  }

  /** Waits for a random time around the kind's pace, and then begins the next exchange of it. */
  private schedule(kind: string, ofKind: Set<Promise<void>>): void {
    const { perSecond, run } = KINDS[kind]!
    const wait = (-Math.log(1 - this.random()) * 1000) / perSecond
    const timer = setTimeout(() => {
      this.schedule(kind, ofKind)
      if (ofKind.size >= MOST_AT_ONCE) return
      this.begun[kind] = (this.begun[kind] ?? 0) + 1
      const exchange = this.judge(kind, run).then(() => {
        ofKind.delete(exchange)
        this.underWay.delete(exchange)
      })
      ofKind.add(exchange)
      this.underWay.add(exchange)
    }, wait)
    this.timers.set(kind, timer)
  }

  private async judge(kind: string, run: Kind): Promise<void> {
    const problem = await run(this)
    if (problem !== null) this.ledger.complain(`${new Date().toISOString()} ${kind}: ${problem}`)
  }
}

function whole(outcome: Outcome, status: number): string | null {
  return outcome.end === 'whole' && outcome.status === status ? null : told(outcome)
}

function told({ status, end, size }: Outcome): string {
  return `status ${status}, ${end} after ${size} bytes`
}

/** A request without Host: 400, and the end of the connection. */
function refused(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n\r\n'))
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', (error) => resolve(error.message))
    socket.on('close', () => resolve(text.startsWith('HTTP/1.1 400 ') ? null : `not refused: ${text}`))
  })
}
