// Drives the parser as the proxy does, over bytes in parts, and tells what it saw. Everything that tests compare,
// between splits of the same bytes or with Node's parser, is in a Sighting.
import assert from 'node:assert/strict'
import { BodyReader } from '../../src/http1/body-reader.ts'
import type { Fields } from '../../src/http1/fields.ts'
import { HeadReader, MORE, REFUSED } from '../../src/http1/head-reader.ts'
import { Refusal } from '../../src/http1/refusals.ts'
import { type RequestHead, type RequestLimits, readRequestHead } from '../../src/http1/request-head.ts'
import { readResponseHead } from '../../src/http1/response-head.ts'
import { escapeBytes } from './notation.ts'

export const LIMITS: RequestLimits = { request_head_size: 16384, request_target_length: 8192, request_headers: 100 }

/** One message, as text of one character a byte. */
export interface SeenMessage {
  /** `GET /x HTTP/1.1` as it goes to the server, or `HTTP/1.1 200 OK`. */
  readonly line: string
  /** The head as it came. */
  readonly head: string
  readonly fields: Fields
  readonly host: string
  readonly keepAlive: boolean
  readonly old: boolean
  framing: string
  body: string
  /** The body as it is passed on, with its framing. */
  raw: string
  trailers: string
  complete: boolean
}

export interface Sighting {
  readonly messages: SeenMessage[]
  /** A refusal; `cut`: the bytes broke off in a message; `excess`: bytes that no request asked for; else `clean`. */
  ending: Refusal | 'clean' | 'cut' | 'excess'
}

/** Reads requests from bytes that arrive in `parts`; with `forget`, without the memory of the head before. */
export function observeRequests(parts: readonly Buffer[], limits: RequestLimits = LIMITS, forget = false): Sighting {
  const heads = new HeadReader(limits.request_head_size, limits.request_target_length)
  const body = new BodyObserver()
  const sighting: Sighting = { messages: [], ending: 'clean' }
  let message: SeenMessage | null = null
  let previous: RequestHead | null = null
  for (const part of parts) {
    for (let at = 0; at < part.length; ) {
      if (message === null) {
        at = heads.feed(part, at, part.length)
        if (at === MORE) break
        const head: RequestHead | Refusal =
          at === REFUSED ? heads.refusal! : readRequestHead(heads.head, limits, forget ? null : previous)
        if (head instanceof Refusal) return ended(sighting, head)
        previous = head
        const line = `${head.method} ${head.target} HTTP/1.${head.old ? 0 : 1}`
        message = seen(line, heads.head, head.fields, head.host, head.keepAlive, head.old)
        sighting.messages.push(message)
        body.start((reader) => reader.startRequest(head.fields), message)
      } else {
        at = body.feed(part, at)
        if (at < 0) return ended(sighting, body.refusal)
      }
      if (!message.complete) continue
      // What follows an upgrade waits for the server's answer: it may be of the other protocol.
      if (!message.keepAlive || message.fields.upgrade !== '') return sighting
      message = null
    }
  }
  return message !== null || heads.begun ? ended(sighting, 'cut') : sighting
}

/** Reads interim responses and the final one to `method` from bytes that arrive in `parts`, then the connection closes. */
export function observeResponses(
  parts: readonly Buffer[],
  method: string,
  maxHead = LIMITS.request_head_size,
): Sighting {
  const heads = new HeadReader(maxHead, 0)
  const body = new BodyObserver()
  const sighting: Sighting = { messages: [], ending: 'clean' }
  let message: SeenMessage | null = null
  let final = false
  for (const part of parts) {
    for (let at = 0; at < part.length; ) {
      if (final && message === null) return ended(sighting, 'excess')
      if (message === null) {
        at = heads.feed(part, at, part.length)
        if (at === MORE) break
        const head = at === REFUSED ? heads.refusal! : readResponseHead(heads.head)
        if (head instanceof Refusal) return ended(sighting, head)
        const line = `HTTP/1.${head.old ? 0 : 1} ${head.statusText}`
        message = seen(line, heads.head, head.fields, '', head.keepAlive, head.old)
        sighting.messages.push(message)
        final = head.status >= 200 || head.status === 101
        if (!final) message.complete = true
        else if (head.status === 101) message.framing = 'tunnel'
        else body.start((reader) => reader.startResponse(head.fields, head.status, method), message)
      } else if (message.framing === 'tunnel') {
        message.body += part.toString('latin1', at)
        at = part.length
      } else {
        at = body.feed(part, at)
        if (at < 0) return ended(sighting, body.refusal)
      }
      if (message.complete) message = null
    }
  }
  if (message !== null && /^(?:until-close|tunnel)$/.test(message.framing)) message.complete = true
  return !final || (message !== null && !message.complete) ? ended(sighting, 'cut') : sighting
}

/** The events of the cases' notation. */
export function eventsOf(sighting: Sighting, answers: boolean): string[] {
  const events: string[] = []
  for (const message of sighting.messages) {
    const { fields } = message
    events.push(`${answers ? 'response' : 'request'} ${message.line}`.trimEnd())
    if (!answers && message.host !== '') events.push(`host ${message.host}`)
    for (const line of linesOf(fields.forward)) events.push(`header ${line}`)
    if (fields.expectContinue) events.push('expect 100-continue')
    events.push(`upgrade ${fields.connectionUpgrade && fields.upgrade !== '' ? fields.upgrade : 'no'}`)
    events.push(`connection ${message.keepAlive ? 'keep' : 'close'}`, `framing ${message.framing}`)
    if (message.body !== '') events.push(`body "${message.body}"`)
    for (const line of linesOf(message.trailers)) events.push(`trailer ${line}`)
    if (message.complete) events.push('end')
  }
  const { ending } = sighting
  if (ending instanceof Refusal)
    events.push(answers ? `malformed ${ending.code}` : `refuse ${ending.status} ${ending.code}`)
  else if (ending !== 'clean') events.push(ending)
  return events.map(escapeBytes)
}

/** Field lines as `Name: value`, the value without white space around it. */
export function linesOf(block: string): string[] {
  const lines = block.split('\r\n').filter((line) => line !== '')
  return lines.map((line) => line.replace(/^([^:]*):[ \t]*(.*?)[ \t]*$/s, '$1: $2').replace(/: $/, ':'))
}

function seen(line: string, head: string, fields: Fields, host: string, keepAlive: boolean, old: boolean): SeenMessage {
  const framing = 'none'
  return { line, head, fields, host, keepAlive, old, framing, body: '', raw: '', trailers: '', complete: false }
}

function ended(sighting: Sighting, ending: Sighting['ending']): Sighting {
  sighting.ending = ending
  return sighting
}

/** Two readers over the same body: one passes the bytes on, one takes the framing out. They must agree at every step. */
class BodyObserver {
  private readonly passing = new BodyReader()
  private readonly unframing = new BodyReader()
  private message!: SeenMessage

  get refusal(): Refusal {
    return this.passing.refusal!
  }

  start(begin: (reader: BodyReader) => void, message: SeenMessage): void {
    begin(this.passing)
    begin(this.unframing)
    this.message = message
    message.complete = this.passing.done
    if (this.passing.untilClose) message.framing = 'until-close'
    else if (!this.passing.done)
      message.framing = message.fields.chunked ? 'chunked' : `length ${message.fields.contentLength}`
  }

  /** Returns the offset behind the last byte of the body, or -1. */
  feed(part: Buffer, start: number): number {
    const at = this.passing.feed(part, start, part.length)
    this.message.raw += part.toString('latin1', start, at < 0 ? start : at)
    const copy = Buffer.from(part)
    assert.equal(this.unframing.unframe(copy, start, copy.length), at)
    this.message.body += copy.toString('latin1', start, this.unframing.unframedEnd)
    assert.equal(this.unframing.done, this.passing.done)
    assert.equal(this.unframing.refusal, this.passing.refusal)
    assert.equal(this.unframing.content, this.passing.content)
    if (at >= 0) assert.equal(this.passing.content, this.message.body.length)
    this.message.complete = this.passing.done
    if (this.passing.done) this.message.trailers = this.passing.trailers
    return at
  }
}
