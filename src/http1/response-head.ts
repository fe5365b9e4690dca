// The head of a response from a server: text in, facts or a refusal out (RFC 9112 sections 4 and 5).
import { type Fields, RESPONSE, readFields } from './fields.ts'
import { responseOffence } from './head-reader.ts'
import { REFUSALS, Refusal } from './refusals.ts'

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?$/
const MAX_FIELDS = 1000

export class ResponseHead {
  readonly status: number
  /** From the status to the end of the line, `200 OK`, as it came. */
  readonly statusText: string
  /** The server speaks HTTP/1.0. */
  readonly old: boolean
  readonly fields: Fields

  constructor(status: number, statusText: string, old: boolean, fields: Fields) {
    this.status = status
    this.statusText = statusText
    this.old = old
    this.fields = fields
  }

  /** Whether the server keeps the connection open after this response. */
  get keepAlive(): boolean {
    return !this.fields.close && (!this.old || this.fields.keepAlive)
  }
}

/** Reads a response head; with `withoutFraming` neither Content-Length nor Transfer-Encoding is passed on. */
export function readResponseHead(text: string, withoutFraming = false): ResponseHead | Refusal {
  const head = read(text, withoutFraming)
  // The same refusal as for a head that comes in parts: the first offence in the order of the bytes.
  return head instanceof Refusal ? (responseOffence(text, 0, text.length) ?? head) : head
}

function read(text: string, withoutFraming: boolean): ResponseHead | Refusal {
  const lineEnd = text.indexOf('\r\n')
  const line = STATUS_LINE.exec(text.slice(0, lineEnd))
  if (line === null) return REFUSALS.badStatusLine
  const fields = readFields(text.slice(lineEnd + 2), RESPONSE, MAX_FIELDS, false, withoutFraming)
  if (fields instanceof Refusal) return fields
  const old = line[1] === '0'
  if (old && fields.chunked) return REFUSALS.badTransferEncoding
  const statusText = line[3] === undefined ? `${line[2]} ` : text.slice(9, lineEnd)
  return new ResponseHead(Number(line[2]), statusText, old, fields)
}
