// The contract of a case: what the clients send, over how many connections, and what must come back.

export interface BenchRequest {
  readonly method: string
  readonly target: string
  /** In the order sent, with Host and, when there is a body, Content-Length. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer | null
}

export interface BenchCase {
  /** As written after `--case`. */
  readonly name: string
  /** One line for the table. */
  readonly title: string
  readonly connections: number
  /** True when each request has a connection of its own. */
  readonly connectionPerRequest: boolean
  /** True when every proxy writes a line for each request. */
  readonly logging: boolean
  /** Sent in turn. */
  readonly requests: readonly BenchRequest[]
  /** The body of every response. */
  readonly responseBody: Buffer
}

/** A name, not an address, as from a real client. */
export const HOST = 'www.example.com'

/** The request as it goes over the wire. */
export function serialise(request: BenchRequest): Buffer {
  const lines = request.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = Buffer.from(`${request.method} ${request.target} HTTP/1.1\r\n${lines}\r\n`, 'latin1')
  return request.body === null ? head : Buffer.concat([head, request.body])
}
