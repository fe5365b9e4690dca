// Reads the balancer's log (JSON lines) and counts what it says, to be held against the balancer's counters. A line that
// has no place in the soak goes into the ledger.
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { FAILURES } from '../../src/seams/failures.ts'
import type { Ledger } from './ledger.ts'

/** Lines of any number and time: what the soak does on purpose. */
const EXPECTED = new Set([
  'listening',
  'server_added',
  'server_draining',
  'server_removed',
  'server_healthy',
  // Some paths fail on purpose, and five failures in a row are enough.
  'server_ejected',
  'server_returned',
  'shutting_down',
  'shutdown_complete',
])
/** Paths on which a server fails on purpose. */
const FAILING = /^(\/turns)?\/(reset|half|hang)\b/

const BLAMED = new Set(
  Object.values(FAILURES)
    .filter(({ blame }) => blame !== 'client')
    .map(({ name }) => name),
)

interface Line {
  readonly time: string
  readonly event: string
  readonly message: string
  readonly server: string
  readonly target: string
  readonly status: number
  readonly bytes: number
  readonly retries: number
  readonly failure?: string
}

export class LogBook {
  /** Access lines, and lines of requests refused before they became an exchange. */
  exchanges = 0
  refused = 0
  retries = 0
  /** Retries as the access lines give them. */
  retriesOfExchanges = 0
  responseBytes = 0
  /** By fault of a server or the balancer; a tunnel that breaks is none, for its request was answered. */
  failed = 0
  readonly failures = new Map<string, number>()
  readonly ownAnswers = new Map<string, number>()
  /** By server and status: `http://127.0.0.1:18000 200`. */
  readonly answers = new Map<string, number>()
  /** By server. */
  readonly selections = new Map<string, number>()
  /** Status 0: the client was gone before any answer. */
  unanswered = 0
  private readonly ledger: Ledger

  constructor(output: Readable, ledger: Ledger) {
    this.ledger = ledger
    createInterface({ input: output }).on('line', (text) => this.read(text))
  }

  private read(text: string): void {
    let line: Line
    try {
      line = JSON.parse(text) as Line
    } catch {
      this.ledger.breach(`not a line of JSON: ${text}`)
      return
    }
    switch (line.event) {
      case 'exchange_finished':
        this.finished(line)
        break
      case 'server_selected':
        bump(this.selections, line.server)
        break
      case 'request_refused':
        this.refused++
        bump(this.failures, 'refused_request')
        bump(this.ownAnswers, String(line.status))
        break
      case 'retrying':
        this.retries++
        this.expectFailure(line)
        break
      case 'request_failed':
        this.expectFailure(line)
        break
      case 'server_unhealthy':
        if (!this.ledger.inAftermath(Date.parse(line.time))) this.ledger.breach(`unexpected line: ${text}`)
        break
      default:
        if (!EXPECTED.has(line.event)) this.ledger.breach(`unexpected line: ${text}`)
    }
  }

  private finished({ status, bytes, retries, server, failure }: Line): void {
    this.exchanges++
    this.retriesOfExchanges += retries
    this.responseBytes += bytes
    if (failure !== undefined) {
      bump(this.failures, failure)
      if (status !== 101 && BLAMED.has(failure)) this.failed++
    }
    if (status === 0) this.unanswered++
    // No server of the soak gives one of these.
    else if (status === 400 || status > 501) bump(this.ownAnswers, String(status))
    else bump(this.answers, `${server} ${status}`)
  }

  private expectFailure({ target, time, message }: Line): void {
    if (FAILING.test(target) || this.ledger.inAftermath(Date.parse(time))) return
    this.ledger.breach(`unexpected failure in the log at ${time}: ${message}`)
  }
}

function bump(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
