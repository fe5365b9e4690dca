// What Node's own parser, as strict as it is by default, reads from the same bytes: the opinion we compare ours with.
// The bytes go through an in-memory duplex stream into a node:http server or client; nothing is sent anywhere.
import http from 'node:http'
import { Duplex } from 'node:stream'

/** One message; texts are of one character a byte. */
export interface NodeMessage {
  /** `GET /x HTTP/1.1` or `HTTP/1.1 200 OK`. */
  readonly line: string
  /** `Name: value`, in order. */
  readonly headers: readonly string[]
  body: string
  trailers: readonly string[]
  complete: boolean
}

export interface NodeSighting {
  readonly messages: readonly NodeMessage[]
  /** The code of the parser's error, or empty. */
  readonly error: string
}

/** Far above our own limits, so that only the grammar is compared. */
const MAX_HEADER_SIZE = 1 << 20

/** Lets node:http read requests from `bytes`; resolves when it has read all it wants. */
export async function readRequestsAsNode(bytes: Buffer): Promise<NodeSighting> {
  const messages: NodeMessage[] = []
  let error = ''
  const read = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    messages.push(collect(request, `${request.method} ${request.url} HTTP/${request.httpVersion}`))
    request.on('end', () => response.end())
  }
  const server = http.createServer(
    { maxHeaderSize: MAX_HEADER_SIZE, insecureHTTPParser: false, keepAliveTimeout: 0 },
    read,
  )
  server.maxHeadersCount = 0
  server.on('checkContinue', read)
  server.on('checkExpectation', read)
  server.on('clientError', (problem: NodeJS.ErrnoException, socket) => {
    error ||= problem.code ?? problem.message
    // What was read before the error is still on its way through the streams.
    settled().then(() => socket.destroy())
  })
  const wire = new Wire()
  server.emit('connection', wire)
  wire.push(bytes)
  await settled()
  wire.push(null)
  await wire.gone
  server.close()
  return { messages, error }
}

/** Lets node:http read the responses to one request of `method` from `bytes`, after which the connection ends. */
export async function readResponsesAsNode(bytes: Buffer, method: string): Promise<NodeSighting> {
  const messages: NodeMessage[] = []
  let error = ''
  const wire = new Wire()
  const request = http.request({ method, createConnection: () => wire, maxHeaderSize: MAX_HEADER_SIZE })
  request.maxHeadersCount = 0
  request.on('information', (head) => {
    const line = `HTTP/${head.httpVersion} ${head.statusCode} ${head.statusMessage}`
    messages.push({ line, headers: pairs(head.rawHeaders), body: '', trailers: [], complete: true })
  })
  request.on('response', (head) => {
    messages.push(collect(head, `HTTP/${head.httpVersion} ${head.statusCode} ${head.statusMessage}`))
    head.on('error', (problem: NodeJS.ErrnoException) => {
      error ||= problem.code ?? problem.message
    })
  })
  request.on('upgrade', (head, _socket, early) => {
    const message = collect(head, `HTTP/${head.httpVersion} ${head.statusCode} ${head.statusMessage}`)
    messages.push(message)
    message.body = early.toString('latin1')
    message.complete = true
    wire.destroy()
  })
  request.on('error', (problem: NodeJS.ErrnoException) => {
    error ||= problem.code ?? problem.message
  })
  request.end()
  await wire.written
  wire.push(bytes)
  await settled()
  wire.push(null)
  await settled()
  wire.destroy()
  await wire.gone
  await settled()
  return { messages, error }
}

function collect(message: http.IncomingMessage, line: string): NodeMessage {
  const seen: NodeMessage = { line, headers: pairs(message.rawHeaders), body: '', trailers: [], complete: false }
  message.setEncoding('latin1')
  message.on('data', (part: string) => {
    seen.body += part
  })
  message.on('end', () => {
    seen.trailers = pairs(message.rawTrailers)
    seen.complete = message.complete
  })
  return seen
}

function pairs(raw: readonly string[]): string[] {
  const lines: string[] = []
  for (let at = 0; at < raw.length; at += 2) lines.push(`${raw[at]}: ${raw[at + 1]}`.replace(/: $/, ':'))
  return lines
}

/** The streams of node:http need a few turns of the event loop to hand over what was read; nothing waits on a clock. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** One end of a connection whose other end is the test. */
class Wire extends Duplex {
  readonly gone: Promise<void>
  /** The first bytes were written to it. */
  readonly written: Promise<void>
  private wrote!: () => void

  constructor() {
    super()
    this.gone = new Promise((resolve) => this.once('close', resolve))
    this.written = new Promise((resolve) => {
      this.wrote = resolve
    })
    this.on('error', () => {})
  }

  override _read(): void {}

  override _write(_bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.wrote()
    done()
  }

  setTimeout(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}
