// One walk over a header block: checks every byte, reads what framing and forwarding depend on, and makes the block to
// pass on: the same bytes without the hop-by-hop fields and those named by Connection (RFC 9110 section 7.6.1).
// The grammar is RFC 9112 section 5 without its leniencies: no folding, no bare CR or LF, no space before the colon.
import { REFUSALS, type Refusal } from './refusals.ts'

const VALID_BLOCK = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/
const VALID_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALID_LENGTH = /^[0-9]{1,15}$/
/** Without tabs: some servers do not take HTAB for white space here, and would see another coding. */
const CHUNKED = /^ *chunked *$/i

export const REQUEST = 0
export const RESPONSE = 1
export type BlockKind = typeof REQUEST | typeof RESPONSE

/** First letters of the names that `readFields` knows, as bits: a is bit 0. */
const TELLING_LETTERS = [...'cefhkptuvx'].reduce((bits, letter) => bits | (1 << (letter.charCodeAt(0) - 97)), 0)

/** Fields that Connection may not take away, whatever it names: framing, routing, and what we set ourselves. */
const NOT_HOP_BY_HOP = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'close'])

/** What a trailer section may not hold: framing, routing, authentication, content (RFC 9110 section 6.5.1). */
const NOT_IN_TRAILERS = new Set([
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'max-forwards',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
])

/** What a header block says. Immutable once read; equal blocks share one object. */
export class Fields {
  /** The fields to pass on, each line with its CR LF, without the empty line at the end. */
  forward = ''
  count = 0
  /** Bytes, or -1 when there is no Content-Length. */
  contentLength = -1
  chunked = false
  /** Connection: close. */
  close = false
  /** Connection: keep-alive. */
  keepAlive = false
  /** Connection: upgrade. */
  connectionUpgrade = false
  /** The value of Upgrade, or empty; in requests only when Connection names it too. */
  upgrade = ''
  expectContinue = false
  hostCount = 0
  host = ''
  /** Seconds after which a server closes an idle connection (`Keep-Alive: timeout=5`), or -1. */
  keepAliveSeconds = -1
  /** Former values of the forwarding headers, taken out of `forward`; several are joined by `, `. */
  forwardedFor = ''
  forwardedProto = ''
  forwardedHost = ''
  forwarded = ''
  via = ''
}

/**
 * Reads a header block: lines that end in CR LF, and the empty line. `maxCount` bounds the number of fields.
 * With `withoutHost` the Host field is not passed on (an absolute-form target replaces it), with `withoutFraming`
 * neither Content-Length nor Transfer-Encoding.
 */
export function readFields(
  block: string,
  kind: BlockKind,
  maxCount: number,
  withoutHost = false,
  withoutFraming = false,
): Fields | Refusal {
  if (!VALID_BLOCK.test(block)) return diagnose(block)
  const fields = new Fields()
  const end = block.length - 2
  let named: Set<string> | null = null
  let forward = ''
  let kept = 0
  let start = 0
  while (start < end) {
    if (++fields.count > maxCount) return REFUSALS.tooManyHeaders
    // The block is known to have no LF but at the ends of its lines.
    const next = block.indexOf('\n', start) + 1
    // Only names whose length and first letter fit are looked at; `| 32` makes a letter lower-case.
    const first = block.charCodeAt(start) | 32
    if ((TELLING_LETTERS & (1 << (first - 97))) === 0) {
      start = next
      continue
    }
    const colon = block.indexOf(':', start)
    let pass = true
    switch (colon - start) {
      case 2: // te
        if (first === 116) pass = block.slice(start, colon).toLowerCase() !== 'te'
        break
      case 3: // via
        if (first === 118 && kind === REQUEST && block.slice(start, colon).toLowerCase() === 'via') {
          fields.via = joined(fields.via, value(block, colon, next))
          pass = false
        }
        break
      case 4: // host
        if (first === 104 && kind === REQUEST && block.slice(start, colon).toLowerCase() === 'host') {
          fields.hostCount++
          fields.host = value(block, colon, next)
          pass = !withoutHost
        }
        break
      case 6: // expect
        if (first === 101 && block.slice(start, colon).toLowerCase() === 'expect') {
          fields.expectContinue = value(block, colon, next).toLowerCase() === '100-continue'
        }
        break
      case 7: // upgrade
        if (first === 117 && block.slice(start, colon).toLowerCase() === 'upgrade') {
          fields.upgrade = joined(fields.upgrade, value(block, colon, next))
          pass = false
        }
        break
      case 9: // forwarded
        if (first === 102 && kind === REQUEST && block.slice(start, colon).toLowerCase() === 'forwarded') {
          fields.forwarded = joined(fields.forwarded, value(block, colon, next))
          pass = false
        }
        break
      case 10: // connection, keep-alive
        if (first === 99) {
          if (block.slice(start, colon).toLowerCase() === 'connection') {
            named = readConnection(value(block, colon, next), fields, named)
            pass = false
          }
        } else if (first === 107 && block.slice(start, colon).toLowerCase() === 'keep-alive') {
          const timeout = /(?:^|[,\s])timeout=([0-9]{1,6})/i.exec(value(block, colon, next))
          if (timeout !== null) fields.keepAliveSeconds = Number(timeout[1])
          pass = false
        }
        break
      case 14: // content-length
        if (first === 99) {
          const name = block.slice(start, colon).toLowerCase()
          if (name === 'content-length') {
            if (fields.contentLength >= 0) return REFUSALS.repeatedContentLength
            const length = value(block, colon, next)
            if (!VALID_LENGTH.test(length)) return REFUSALS.badContentLength
            fields.contentLength = Number(length)
            pass = !withoutFraming
          } else if (name === 'content_length') return REFUSALS.framingLookAlike
        }
        break
      case 15: // x-forwarded-for
      case 16: // x-forwarded-host, proxy-connection
      case 17: // x-forwarded-proto, transfer-encoding
        if (first === 120) {
          if (kind === REQUEST) pass = readForwarding(block, start, colon, next, fields)
        } else if (first === 112) {
          pass = block.slice(start, colon).toLowerCase() !== 'proxy-connection'
        } else if (first === 116) {
          const name = block.slice(start, colon).toLowerCase()
          if (name === 'transfer-encoding') {
            if (fields.chunked || !CHUNKED.test(block.slice(colon + 1, next - 2))) {
              return REFUSALS.badTransferEncoding
            }
            fields.chunked = true
            pass = !withoutFraming
          } else if (name === 'transfer_encoding') return REFUSALS.framingLookAlike
        }
        break
    }
    if (!pass) {
      if (kept < start) forward += block.slice(kept, start)
      kept = next
    }
    start = next
  }
  if (fields.chunked && fields.contentLength >= 0) return REFUSALS.lengthAndChunked
  if (kind === REQUEST) fields.upgrade = fields.connectionUpgrade ? withoutH2c(fields.upgrade) : ''
  forward = kept === 0 ? block.slice(0, end) : forward + block.slice(kept, end)
  fields.forward = named === null ? forward : withoutFields(forward, named)
  return fields
}

/** Checks a trailer section: the same grammar, and nothing in it that would change what the message means. */
export function checkTrailers(block: string, maxCount: number): Refusal | null {
  if (!VALID_BLOCK.test(block)) return REFUSALS.badTrailer
  let count = 0
  for (let start = 0; start < block.length - 2; start = block.indexOf('\r\n', start) + 2) {
    const name = block.slice(start, block.indexOf(':', start)).toLowerCase().replaceAll('_', '-')
    if (NOT_IN_TRAILERS.has(name) || ++count > maxCount) return REFUSALS.badTrailer
  }
  return null
}

/** The value of the first field with this lower-case name, or empty. For rare use: it walks the block. */
export function findValue(block: string, name: string): string {
  for (let start = 0; start < block.length; ) {
    const next = block.indexOf('\r\n', start) + 2
    if (next === 1) break
    const colon = start + name.length
    if (block.charCodeAt(colon) === 58 && block.slice(start, colon).toLowerCase() === name) {
      return value(block, colon, next)
    }
    start = next
  }
  return ''
}

/** The text between the colon and the end of the line, without white space around it. */
function value(block: string, colon: number, next: number): string {
  let start = colon + 1
  let end = next - 2
  while (start < end && isBlank(block.charCodeAt(start))) start++
  while (end > start && isBlank(block.charCodeAt(end - 1))) end--
  return block.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

function joined(before: string, more: string): string {
  return before === '' ? more : `${before}, ${more}`
}

function readConnection(text: string, fields: Fields, named: Set<string> | null): Set<string> | null {
  // What nearly every client says.
  if (text === 'keep-alive') {
    fields.keepAlive = true
    return named
  }
  for (const part of text.split(',')) {
    const option = part.trim().toLowerCase()
    if (option === 'close') fields.close = true
    else if (option === 'keep-alive') fields.keepAlive = true
    else if (option === 'upgrade') fields.connectionUpgrade = true
    else if (option !== '' && !NOT_HOP_BY_HOP.has(option)) named = (named ?? new Set()).add(option)
  }
  return named
}

/** Takes out what says who the client was, also under look-alike names (`X_Forwarded_For`) that some servers fold together. */
function readForwarding(block: string, start: number, colon: number, next: number, fields: Fields): boolean {
  const name = block.slice(start, colon).toLowerCase()
  switch (name) {
    case 'x-forwarded-for':
      fields.forwardedFor = joined(fields.forwardedFor, value(block, colon, next))
      return false
    case 'x-forwarded-host':
      fields.forwardedHost = joined(fields.forwardedHost, value(block, colon, next))
      return false
    case 'x-forwarded-proto':
      fields.forwardedProto = joined(fields.forwardedProto, value(block, colon, next))
      return false
  }
  const folded = name.replaceAll('_', '-')
  return folded !== 'x-forwarded-for' && folded !== 'x-forwarded-host' && folded !== 'x-forwarded-proto'
}

/** h2c is between us and the client: a server that took it up would speak HTTP/2 past our eyes. */
function withoutH2c(protocols: string): string {
  if (!/h2c/i.test(protocols)) return protocols
  return protocols
    .split(',')
    .filter((protocol) => protocol.trim().toLowerCase() !== 'h2c')
    .join(',')
}

/** The block without the fields whose lower-case names are in `names`. A first line before them stays. */
export function withoutFields(block: string, names: ReadonlySet<string>): string {
  let rest = ''
  for (let start = 0; start < block.length; ) {
    const next = block.indexOf('\r\n', start) + 2
    if (!names.has(block.slice(start, block.indexOf(':', start)).toLowerCase())) rest += block.slice(start, next)
    start = next
  }
  return rest
}

/** Says what is wrong with a block that does not match the grammar: the first offence in it. */
function diagnose(block: string): Refusal {
  for (let start = 0; start < block.length - 2; ) {
    const next = block.indexOf('\r\n', start) + 2
    const line = block.slice(start, next - 2)
    if (isBlank(line.charCodeAt(0))) return REFUSALS.foldedHeader
    const colon = line.indexOf(':')
    if (colon < 0 || !VALID_NAME.test(line.slice(0, colon))) return REFUSALS.badHeaderName
    start = next
  }
  return REFUSALS.controlByte
}
