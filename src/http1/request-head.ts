// The head of a request: text in, facts or a refusal out (RFC 9112 sections 3 and 5, without their leniencies).
import { type Fields, REQUEST, readFields } from './fields.ts'
import { requestOffence } from './head-reader.ts'
import { REFUSALS, Refusal } from './refusals.ts'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const TARGET = /^[\x21-\x7e\x80-\xff]+$/
const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/is
/** uri-host [ ":" port ] of RFC 3986, with the registered name kept to what is not misleading. */
const HOST = /^(?:[0-9A-Za-z\-._~%!$&'()*+;=]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/

export interface RequestLimits {
  /** Bytes. */
  readonly request_head_size: number
  readonly request_target_length: number
  readonly request_headers: number
}

export class RequestHead {
  readonly method: string
  /** As it goes to the server: the client's bytes, but for an absolute-form target, which becomes origin-form. */
  readonly target: string
  /** The client speaks HTTP/1.0. */
  readonly old: boolean
  /** The Host that counts: that of an absolute-form target, else the header's. Empty only for HTTP/1.0. */
  readonly host: string
  /** The whole head as it came, with its empty line. */
  readonly text: string
  /** The header block in it, but empty when its meaning depends on the target. */
  readonly block: string
  readonly fields: Fields

  constructor(method: string, target: string, old: boolean, host: string, text: string, block: string, fields: Fields) {
    this.method = method
    this.target = target
    this.old = old
    this.host = host
    this.text = text
    this.block = block
    this.fields = fields
  }

  /** Whether the client wants to keep the connection (RFC 9112 section 9.3). */
  get keepAlive(): boolean {
    return !this.fields.close && (!this.old || this.fields.keepAlive)
  }

  /** Whether executing the request twice does no harm (RFC 9110 section 9.2.2). */
  get idempotent(): boolean {
    switch (this.method) {
      case 'GET':
      case 'HEAD':
      case 'PUT':
      case 'DELETE':
      case 'OPTIONS':
      case 'TRACE':
        return true
      default:
        return false
    }
  }
}

/**
 * Reads a request head. `previous`, the last head on the same connection, is the answer when the new one is the same to
 * the letter; when only the header block is, it saves reading that again.
 */
export function readRequestHead(
  text: string,
  limits: RequestLimits,
  previous: RequestHead | null,
): RequestHead | Refusal {
  if (previous !== null && previous.text === text) return previous
  const head = read(text, limits, previous)
  if (head instanceof Refusal) {
    return requestOffence(text, 0, limits.request_head_size, limits.request_target_length) ?? head
  }
  return head
}

function read(text: string, limits: RequestLimits, previous: RequestHead | null): RequestHead | Refusal {
  const lineEnd = text.indexOf('\r\n')
  const methodEnd = text.indexOf(' ')
  const targetEnd = text.indexOf(' ', methodEnd + 1)
  if (methodEnd <= 0 || targetEnd < 0 || targetEnd > lineEnd) return REFUSALS.badRequestLine
  const method = text.slice(0, methodEnd)
  if (method !== 'GET' && !TOKEN.test(method)) return REFUSALS.badMethod
  const target = text.slice(methodEnd + 1, targetEnd)
  if (target.length > limits.request_target_length) return REFUSALS.targetTooLong
  if (!TARGET.test(target)) return target === '' ? REFUSALS.badRequestLine : REFUSALS.badTarget
  const old = text.charCodeAt(lineEnd - 1) === 48
  if (lineEnd - targetEnd !== 9 || !text.startsWith('HTTP/1.', targetEnd + 1) || !(old || text[lineEnd - 1] === '1')) {
    return /^HTTP\/[0-9]\.[0-9]$/.test(text.slice(targetEnd + 1, lineEnd))
      ? REFUSALS.badVersion
      : REFUSALS.badRequestLine
  }

  const block = text.slice(lineEnd + 2)
  const origin = target.charCodeAt(0) === 47
  if (origin && previous !== null && previous.block === block && previous.old === old) {
    return new RequestHead(method, target, old, previous.fields.host, text, previous.block, previous.fields)
  }
  const fields = readFields(block, REQUEST, limits.request_headers)
  if (fields instanceof Refusal) return fields
  if (fields.chunked && old) return REFUSALS.badTransferEncoding
  // HTTP/1.0 knows no Upgrade (RFC 9110 section 7.8).
  if (old) fields.upgrade = ''
  if (fields.hostCount !== 1) {
    if (fields.hostCount > 1) return REFUSALS.repeatedHost
    if (!old) return REFUSALS.missingHost
  } else if (!HOST.test(fields.host)) return REFUSALS.badHost
  if (origin) return new RequestHead(method, target, old, fields.host, text, block, fields)
  return readOtherForm(method, target, old, text, block, fields, limits)
}

/** Absolute-form, asterisk-form and authority-form (RFC 9112 section 3.2). */
function readOtherForm(
  method: string,
  target: string,
  old: boolean,
  text: string,
  block: string,
  fields: Fields,
  limits: RequestLimits,
): RequestHead | Refusal {
  if (method === 'CONNECT') {
    return HOST.test(target)
      ? new RequestHead(method, target, old, fields.host, text, block, fields)
      : REFUSALS.badTarget
  }
  if (target === '*') {
    return method === 'OPTIONS'
      ? new RequestHead(method, target, old, fields.host, text, block, fields)
      : REFUSALS.badTarget
  }
  const absolute = ABSOLUTE.exec(target)
  if (absolute === null) return REFUSALS.badTarget
  const [, authority = '', rest = ''] = absolute
  // A fragment right after the host could be taken for a part of the host.
  if (!HOST.test(authority) || rest.startsWith('#')) return REFUSALS.badTarget
  const withoutHost = readFields(block, REQUEST, limits.request_headers, true)
  if (withoutHost instanceof Refusal) return withoutHost
  withoutHost.upgrade = fields.upgrade
  withoutHost.forward = `Host: ${authority}\r\n${withoutHost.forward}`
  const path = rest === '' && method === 'OPTIONS' ? '*' : rest.startsWith('/') ? rest : `/${rest}`
  // No block: the same header lines mean something else under an origin-form target.
  return new RequestHead(method, path, old, authority, text, '', withoutHost)
}
