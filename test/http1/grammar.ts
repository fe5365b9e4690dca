// Valid messages drawn from the grammar, for fast-check: their bytes, and what a reader must see in them.
import fc from 'fast-check'

export interface WrittenMessage {
  /** One character a byte. */
  readonly bytes: string
  /** `GET /x HTTP/1.1` as it goes to the server, or `HTTP/1.1 200 OK`. */
  readonly line: string
  /** Fields that must be passed on, as `Name: value`. */
  readonly headers: readonly string[]
  readonly body: string
  readonly trailers: readonly string[]
}

interface Body {
  readonly field: string
  readonly bytes: string
  readonly content: string
  readonly trailers: readonly string[]
}

const TOKEN_CHARACTERS = [..."!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"]
const TARGET_CHARACTERS = [...range(0x21, 0x7e), ...range(0x80, 0xff)]
const VALUE_CHARACTERS = ['\t', ...range(0x20, 0x7e), ...range(0x80, 0xff)]

const token = fc.string({ unit: fc.constantFrom(...TOKEN_CHARACTERS), minLength: 1, maxLength: 12 })
const blank = fc.constantFrom('', ' ', '  ', '\t', ' \t ')
const value = fc.string({ unit: fc.constantFrom(...VALUE_CHARACTERS), maxLength: 30 })
const content = fc.string({ unit: fc.constantFrom(...range(0, 255)), maxLength: 40 })
// `x-` keeps these names apart from those that mean something.
const field = fc
  .tuple(token, blank, value, blank)
  .map(([name, before, text, after]) => ({ line: `x-${name}:${before}${text}${after}`, name: `x-${name}`, text }))
const fields = fc.array(field, { maxLength: 6 })

const method = fc.oneof(fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND'), token)
const origin = fc.string({ unit: fc.constantFrom(...TARGET_CHARACTERS), maxLength: 40 }).map((rest) => `/${rest}`)
const host = fc.constantFrom('a.example', 'a.example:8080', '[::1]:80', '192.0.2.1', 'A-b.c_d')

/** A body as a sequence of chunks, with extensions and trailers. */
export const chunkedBody: fc.Arbitrary<Body> = fc
  .record({
    chunks: fc.array(
      content.filter((chunk) => chunk !== ''),
      { maxLength: 4 },
    ),
    upper: fc.boolean(),
    noughts: fc.integer({ min: 0, max: 3 }),
    extension: fc.constantFrom('', ';a', ';a=b', ';a="b c"', ';;', '; a = b'),
    trailers: fields,
    coding: fc.constantFrom('chunked', 'Chunked', 'CHUNKED'),
  })
  .map(({ chunks, upper, noughts, extension, trailers, coding }) => {
    const size = (length: number): string => {
      const digits = length.toString(16).padStart(1 + noughts, '0')
      return `${upper ? digits.toUpperCase() : digits}${extension}\r\n`
    }
    const data = chunks.map((chunk) => `${size(chunk.length)}${chunk}\r\n`).join('')
    return {
      field: `Transfer-Encoding: ${coding}\r\n`,
      bytes: `${data}${size(0)}${trailers.map((each) => `${each.line}\r\n`).join('')}\r\n`,
      content: chunks.join(''),
      trailers: trailers.map(shown),
    }
  })

const lengthBody: fc.Arbitrary<Body> = content.map((bytes) => {
  return { field: `Content-Length: ${bytes.length}\r\n`, bytes, content: bytes, trailers: [] }
})
const noBody: fc.Arbitrary<Body> = fc.constant({ field: '', bytes: '', content: '', trailers: [] })

/** HTTP/1.1 requests that keep the connection. */
export const request: fc.Arbitrary<WrittenMessage> = fc
  .record({
    breaks: fc.constantFrom('', '', '', '\r\n'),
    method: method.filter((name) => name !== 'CONNECT'),
    target: origin,
    host,
    before: fields,
    body: fc.oneof(noBody, lengthBody, chunkedBody),
    after: fields,
  })
  .map(({ breaks, method, target, host, before, body, after }) => {
    const block = [...before.map((each) => each.line), `Host: ${host}`].map((line) => `${line}\r\n`).join('')
    const rest = after.map((each) => `${each.line}\r\n`).join('')
    const line = `${method} ${target} HTTP/1.1`
    return {
      bytes: `${breaks}${line}\r\n${block}${body.field}${rest}\r\n${body.bytes}`,
      line,
      headers: [...before.map(shown), `Host: ${host}`, ...framingOf(body), ...after.map(shown)],
      body: body.content,
      trailers: body.trailers,
    }
  })

/** Final responses to a GET, with interim ones before them. */
export const responses: fc.Arbitrary<WrittenMessage[]> = fc
  .record({
    interim: fc.array(fc.tuple(fc.constantFrom('100 Continue', '103 Early Hints'), fields), { maxLength: 2 }),
    status: fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304),
    reason: fc.constantFrom(' OK', ' Not Found', ' ', ' tr\xc3\xa8s bien'),
    fields,
    body: fc.oneof(
      lengthBody,
      chunkedBody,
      content.map((bytes) => ({ field: '', bytes, content: bytes, trailers: [] })),
    ),
  })
  .map(({ interim, status, reason, fields, body }) => {
    const written = (line: string, own: typeof fields, its: Body): WrittenMessage => ({
      bytes: `${line}\r\n${its.field}${own.map((each) => `${each.line}\r\n`).join('')}\r\n${its.bytes}`,
      line,
      headers: [...framingOf(its), ...own.map(shown)],
      body: its.content,
      trailers: its.trailers,
    })
    const none = { field: '', bytes: '', content: '', trailers: [] }
    const first = interim.map(([line, own]) => written(`HTTP/1.1 ${line}`, own, none))
    return [...first, written(`HTTP/1.1 ${status}${reason}`, fields, body)]
  })

function framingOf(body: Body): string[] {
  return body.field === '' ? [] : [body.field.trimEnd()]
}

function shown(written: { name: string; text: string }): string {
  return `${written.name}: ${written.text.replace(/^[ \t]+|[ \t]+$/g, '')}`.replace(/: $/, ':')
}

function range(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => String.fromCharCode(first + index))
}
