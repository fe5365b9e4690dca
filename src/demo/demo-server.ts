// A server to try the load balancer with: it says which one it is, can be slow, failing, sick or just warming up on
// purpose, and shows what the load balancer sends. docs/health-checks.md tells how to play with it.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type DemoLatency, demoLatency } from './demo-latency.ts'
import { acceptEcho } from './web-socket-echo.ts'

export interface DemoServerOptions extends DemoLatency {
  /** Shown in every answer: `SERVER 1`. */
  id: number | string
  /** 0 takes any free port. */
  port: number
  /** Address to listen on; `127.0.0.1` unless given. */
  host?: string
  /** Share of the answers that are a 500, 0 to 1. */
  errorRate?: number
  /** Uniform in [0, 1). */
  random?: () => number
  /** Milliseconds since 1970. */
  now?: () => number
}

export interface RunningDemoServer {
  readonly port: number
  readonly url: string
  /** Accepts no more, closes idle connections and endless streams at once, and waits for the answers on their way. */
  close(): Promise<void>
}

/** Longer than any balancer keeps an idle connection, so that it is never this side that closes one first. */
const KEEP_ALIVE_MS = 75_000

/** Rejects with an Error whose `code` is `EADDRINUSE`, `EACCES`, …, and whose message is for people. */
export async function startDemoServer(options: DemoServerOptions): Promise<RunningDemoServer> {
  const host = options.host ?? '127.0.0.1'
  const demo = new DemoServer(options)
  try {
    const port = await demo.listen(options.port, host)
    return { port, url: `http://${bracketed(host)}:${port}`, close: () => demo.close() }
  } catch (cause) {
    throw startError(cause as NodeJS.ErrnoException, host, options.port)
  }
}

class DemoServer {
  private readonly server: Server
  private readonly options: DemoServerOptions
  private readonly now: () => number
  private readonly random: () => number
  private readonly startedAt: number
  /** What has no end of its own: event streams and WebSockets. */
  private readonly endless = new Set<Duplex | ServerResponse>()
  /** The real one; the server itself no longer tells it while it closes. */
  private port = 0
  private sick = false
  private closing = false

  constructor(options: DemoServerOptions) {
    this.options = options
    this.now = options.now ?? Date.now
    this.random = options.random ?? Math.random
    this.startedAt = this.now()
    this.server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 })
    this.server.on('request', (request, response) => this.onRequest(request, response))
    this.server.on('upgrade', (request, socket, early) => this.onUpgrade(request, socket, early))
  }

  async listen(port: number, host: string): Promise<number> {
    this.server.listen(port, host)
    await once(this.server, 'listening')
    this.port = (this.server.address() as AddressInfo).port
    return this.port
  }

  async close(): Promise<void> {
    if (!this.server.listening) return
    this.closing = true
    const closed = once(this.server, 'close')
    this.server.close()
    for (const stream of this.endless) stream.end()
    await closed
  }

  private onRequest(request: IncomingMessage, response: ServerResponse): void {
    // A connection that has given its last answer is idle, and nobody would close it while we wait for it.
    response.on('close', () => {
      if (this.closing) setImmediate(() => this.server.closeIdleConnections())
    })
    if (this.closing) response.setHeader('Connection', 'close')

    const path = pathOf(request)
    if (request.method === 'POST' && (path === '/sick' || path === '/well')) {
      this.sick = path === '/sick'
      this.sayHealth(response)
    } else if (path === '/health') {
      this.sayHealth(response)
    } else if (path === '/events') {
      this.sendEvents(response)
    } else {
      this.answerSoon(path, request, response)
    }
  }

  private answerSoon(path: string, request: IncomingMessage, response: ServerResponse): void {
    const millis = demoLatency(this.options, this.now() - this.startedAt, this.random())
    if (millis === 0) {
      this.answer(path, request, response)
    } else {
      const timer = setTimeout(() => this.answer(path, request, response), millis)
      response.on('close', () => clearTimeout(timer))
    }
  }

  private answer(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (this.random() < (this.options.errorRate ?? 0)) sendText(response, 500, this.signed('Error'))
    else if (path === '/echo') echo(request, response)
    else if (path === '/headers') sendHeadAsJson(request, response)
    else sendText(response, 200, this.signed('Response'))
  }

  private sayHealth(response: ServerResponse): void {
    if (this.sick) sendText(response, 503, 'SICK')
    else sendText(response, 200, 'OK')
  }

  /** Server-sent events, one a second, until the client has enough. */
  private sendEvents(response: ServerResponse): void {
    let count = 0
    const send = (): void => {
      response.write(`id: ${++count}\ndata: ${this.signed('Event')}\n\n`)
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    send()
    const timer = setInterval(send, 1000)
    this.endless.add(response)
    response.on('close', () => {
      clearInterval(timer)
      this.endless.delete(response)
    })
  }

  private onUpgrade(request: IncomingMessage, socket: Duplex, early: Buffer): void {
    socket.on('error', () => {})
    if (early.length > 0) socket.unshift(early)
    if (pathOf(request) !== '/ws' || !acceptEcho(request, socket)) {
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
      return
    }
    this.endless.add(socket)
    socket.on('close', () => this.endless.delete(socket))
  }

  /** `Response from SERVER 1 (port 8001) at 18:53:45` */
  private signed(what: string): string {
    const time = new Date(this.now()).toTimeString().slice(0, 8)
    return `${what} from SERVER ${this.options.id} (port ${this.port}) at ${time}`
  }
}

function sendText(response: ServerResponse, status: number, line: string): void {
  const body = `${line}\n`
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}

/** Sends the body of the request back as it comes in. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const length = request.headers['content-length']
  response.setHeader('Content-Type', request.headers['content-type'] ?? 'application/octet-stream')
  if (length !== undefined) response.setHeader('Content-Length', length)
  response.writeHead(200)
  request.pipe(response)
}

/** What the load balancer made of the client's request, to the letter. */
function sendHeadAsJson(request: IncomingMessage, response: ServerResponse): void {
  const { method, url, httpVersion, rawHeaders } = request
  const body = `${JSON.stringify({ method, url, httpVersion, rawHeaders }, null, 2)}\n`
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}

function pathOf(request: IncomingMessage): string {
  return request.url!.split('?', 1)[0]!
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

function startError(cause: NodeJS.ErrnoException, host: string, port: number): Error {
  const messages: Record<string, string> = {
    EADDRINUSE: `port ${port} is already in use. Stop the program that uses it, or choose another port.`,
    EACCES: `no permission to listen on port ${port}. Choose a port above 1023.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine. Leave the host out, or use one of its own.`,
    ENOTFOUND: `the name ${host} cannot be resolved. Leave the host out, or use an IP address.`,
  }
  const message = messages[cause.code ?? ''] ?? `cannot listen on port ${port} of ${host}: ${cause.message}`
  return Object.assign(new Error(message, { cause }), { code: cause.code })
}
