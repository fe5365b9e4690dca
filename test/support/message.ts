// A small, slow, strict reader of HTTP/1 messages for tests (RFC 9112). It shares nothing with src/http1, so that the
// two check each other. It throws on anything that is not exactly right.
import type { Wire } from './wire.ts'

export type Field = [name: string, value: string]

export class Message {
  readonly startLine: string
  readonly fields: Field[]
  body: Buffer = Buffer.alloc(0)
  trailers: Field[] = []

  constructor(startLine: string, fields: Field[]) {
    this.startLine = startLine
    this.fields = fields
  }

  /** The value of a field, its lines joined by commas; undefined when there is none. */
  get(name: string): string | undefined {
    const values = this.all(name)
    return values.length === 0 ? undefined : values.join(', ')
  }

  all(name: string): string[] {
    return this.fields.filter(([field]) => field.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  }

  get text(): string {
    return this.body.toString('utf8')
  }
}

export class Request extends Message {
  get method(): string {
    return this.startLine.split(' ')[0] ?? ''
  }

  get target(): string {
    return this.startLine.slice(this.method.length + 1, -' HTTP/1.1'.length)
  }
}

export class Response extends Message {
  get status(): number {
    return Number(this.startLine.slice(9, 12))
  }

  get reason(): string {
    return this.startLine.slice(13)
  }
}

export async function readRequestHead(wire: Wire): Promise<Request> {
  const line = await wire.line()
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^ ]+ HTTP\/1\.[01]$/.test(line)) throw new Error(`bad request line: ${line}`)
  return new Request(line, await readFields(wire))
}

export async function readRequest(wire: Wire): Promise<Request> {
  const request = await readRequestHead(wire)
  if (request.get('transfer-encoding') !== undefined) await readChunked(wire, request)
  else request.body = await wire.take(lengthOf(request) ?? 0)
  return request
}

export async function readResponseHead(wire: Wire): Promise<Response> {
  const line = await wire.line()
  if (!/^HTTP\/1\.1 [1-5]\d\d [^\r\n]*$/.test(line)) throw new Error(`bad status line: ${line}`)
  return new Response(line, await readFields(wire))
}

/** Reads one response, interim ones (1xx) included, as the answer to `method`. */
export async function readResponse(wire: Wire, method = 'GET'): Promise<Response> {
  const response = await readResponseHead(wire)
  const { status } = response
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return response
  const length = lengthOf(response)
  if (response.get('transfer-encoding') !== undefined) await readChunked(wire, response)
  else if (length !== undefined) response.body = await wire.take(length)
  else response.body = await wire.rest()
  return response
}

/** Takes one chunk; empty for the last one, whose trailer section is still to be read. */
export async function readChunk(wire: Wire): Promise<Buffer> {
  const line = await wire.line()
  if (!/^[0-9a-fA-F]+(;.*)?$/.test(line)) throw new Error(`bad chunk size: ${line}`)
  const size = Number.parseInt(line, 16)
  if (size === 0) return Buffer.alloc(0)
  const data = await wire.take(size)
  if ((await wire.line()) !== '') throw new Error('chunk data longer than its size')
  return data
}

async function readChunked(wire: Wire, message: Message): Promise<void> {
  if (message.get('transfer-encoding')?.toLowerCase() !== 'chunked')
    throw new Error(`coding ${message.get('transfer-encoding')}`)
  if (message.get('content-length') !== undefined) throw new Error('both a length and a coding')
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = await readChunk(wire)
    if (chunk.length === 0) break
    chunks.push(chunk)
  }
  message.trailers = await readFields(wire)
  message.body = Buffer.concat(chunks)
}

async function readFields(wire: Wire): Promise<Field[]> {
  const fields: Field[] = []
  for (;;) {
    const line = await wire.line()
    if (line === '') return fields
    const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*?)[ \t]*$/.exec(line)
    if (field === null) throw new Error(`bad header line: ${JSON.stringify(line)}`)
    fields.push([field[1]!, field[2]!])
  }
}

function lengthOf(message: Message): number | undefined {
  const values = message.all('content-length')
  if (values.length === 0) return undefined
  if (values.length > 1 || !/^\d+$/.test(values[0]!)) throw new Error(`bad Content-Length: ${values}`)
  return Number(values[0])
}
