// Answers of our own: short text, or JSON where the client prefers it, saying what happened.

import { STATUS_CODES } from 'node:http'
import { findValue } from '../http1/fields.ts'
import type { RequestHead } from '../http1/request-head.ts'

/** Seconds. */
const USUAL_RETRY_AFTER = 5

export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
  /** Further header lines, each with its CR LF. */
  readonly headers: string
}

/** An answer that explains `code` in one sentence. `retryAfter`: seconds, for a 503; 0 for the usual. */
export function explain(
  status: number,
  code: string,
  message: string,
  head: RequestHead | null,
  retryAfter = 0,
): Answer {
  const json = head !== null && prefersJson(head)
  const body = json
    ? `${JSON.stringify({ status, error: code, message })}\n`
    : `${status} ${STATUS_CODES[status]}: ${message}\n`
  return {
    status,
    contentType: json ? 'application/json' : 'text/plain; charset=utf-8',
    body,
    headers: headersFor(status, retryAfter),
  }
}

/** The whole message; without its body when it answers HEAD. */
export function answerText(answer: Answer, method: string, connection: string): string {
  const head =
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\nDate: ${new Date().toUTCString()}\r\n` +
    `Content-Type: ${answer.contentType}\r\nContent-Length: ${Buffer.byteLength(answer.body)}\r\n` +
    `${answer.headers}${connection}\r\n`
  return method === 'HEAD' ? head : head + Buffer.from(answer.body).toString('latin1')
}

function headersFor(status: number, retryAfter: number): string {
  if (status === 503) return `Retry-After: ${retryAfter === 0 ? USUAL_RETRY_AFTER : retryAfter}\r\n`
  if (status === 405) return 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n'
  return ''
}

function prefersJson(head: RequestHead): boolean {
  const accept = findValue(head.fields.forward, 'accept').toLowerCase()
  const json = accept.search(/application\/(?:[a-z.-]+\+)?json/)
  const text = accept.search(/text\/(?:plain|html|\*)/)
  return json >= 0 && (text < 0 || json < text)
}
