// Servers for tests. `startOrigin` gives a scripted one that shows every byte it received and answers with exactly the
// bytes it is told; `startHttpOrigin` gives an ordinary node:http server.
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { type Request, readRequest } from './message.ts'
import { type Owner, within } from './wait.ts'
import { EndedError, Wire } from './wire.ts'

/** What an origin does with one connection; `number` counts from 1. */
export type Script = (connection: Wire, number: number) => void | Promise<void>

/** Ports on which nobody is to listen again. */
const refusing = new Set<number>()

export class Origin {
  readonly connections: Wire[] = []
  port = 0
  private server: Server | null = null
  private readonly script: Script
  private handedOut = 0
  private readonly arrivals: (() => void)[] = []
  private readonly failures: unknown[] = []

  constructor(script: Script) {
    this.script = script
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** The bytes of all connections, in the order of the connections. */
  get text(): string {
    return this.connections.map((connection) => connection.text).join('')
  }

  /** The next connection in order of arrival, each handed out once. */
  async nextConnection(): Promise<Wire> {
    const index = this.handedOut++
    while (this.connections.length <= index) {
      const arrival = new Promise<void>((resolve) => this.arrivals.push(resolve))
      await within(arrival, `connection ${index + 1} at the origin`)
    }
    return this.connections[index]!
  }

  /** Listens; after `close` again on the same port. */
  async open(): Promise<void> {
    const again = this.port !== 0
    await this.listen()
    if (again || !refusing.has(this.port)) return
    // The system has given out the port of a server that is to refuse connections.
    await this.close()
    this.port = 0
    await this.open()
  }

  private async listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const wire = new Wire(socket)
      this.connections.push(wire)
      void this.play(wire, this.connections.length)
      for (const arrived of this.arrivals.splice(0)) arrived()
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.port, '127.0.0.1', resolve)
    })
    this.server = server
    this.port = (server.address() as AddressInfo).port
  }

  /** Refuses new connections and breaks the ones there are. */
  async close(): Promise<void> {
    const { server } = this
    if (server === null) return
    this.server = null
    const closed = new Promise((resolve) => server.close(resolve))
    for (const connection of this.connections) connection.reset()
    await closed
  }

  /** Throws what went wrong in a script, other than a connection that ended under it. */
  check(): void {
    if (this.failures.length > 0) throw this.failures[0]
  }

  private async play(wire: Wire, number: number): Promise<void> {
    try {
      await this.script(wire, number)
    } catch (error) {
      if (!(error instanceof EndedError)) this.failures.push(error)
      wire.reset()
    }
  }
}

/** Starts a scripted origin; without a script it accepts and never says a word. */
export async function startOrigin(owner: Owner, script: Script = () => {}): Promise<Origin> {
  const origin = new Origin(script)
  await origin.open()
  owner.after(async () => {
    await origin.close()
    origin.check()
  })
  return origin
}

/** A server that refuses connections: its port was free a moment ago. */
export async function startRefusingOrigin(owner: Owner, script: Script = () => {}): Promise<Origin> {
  const origin = await startOrigin(owner, script)
  await origin.close()
  refusing.add(origin.port)
  return origin
}

type Answer = string | Buffer | ((request: Request, number: number) => string | Buffer | Promise<string | Buffer>)

/** A script that reads whole requests and answers each; `number` counts requests over the connection from 1. */
export function answers(answer: Answer, seen?: Request[]): Script {
  return async (connection) => {
    for (let number = 1; await connection.more(); number++) {
      const request = await readRequest(connection)
      seen?.push(request)
      connection.send(typeof answer === 'function' ? await answer(request, number) : answer)
    }
    connection.end()
  }
}

/** The bytes of a 200 response with a Content-Length; `fields` are whole lines. */
export function ok(body = 'ok', ...fields: string[]): string {
  const length = Buffer.byteLength(body, 'latin1')
  return ['HTTP/1.1 200 OK', ...fields, `Content-Length: ${length}`, '', body].join('\r\n')
}

export interface HttpOrigin {
  readonly url: string
  readonly port: number
  /** Connections accepted so far. */
  readonly connections: number
  readonly requests: number
}

/** Starts an ordinary server. */
export async function startHttpOrigin(owner: Owner, listener: RequestListener): Promise<HttpOrigin> {
  const counts = { connections: 0, requests: 0 }
  const server = createHttpServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    counts.requests++
    listener(request, response)
  })
  server.on('connection', () => counts.connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  owner.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    get connections() {
      return counts.connections
    },
    get requests() {
      return counts.requests
    },
  }
}
