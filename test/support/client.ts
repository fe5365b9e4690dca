// Clients for tests: raw bytes out, and either raw bytes or strictly read responses back.
import { connect as connectSocket } from 'node:net'
import { type Response, readResponse } from './message.ts'
import { type Owner, within } from './wait.ts'
import { Wire } from './wire.ts'

export class Client extends Wire {
  /** Reads the next response, interim ones (1xx) included. `method` is that of its request. */
  response(method = 'GET'): Promise<Response> {
    return readResponse(this, method)
  }
}

/** Opens a connection to a port of this machine; broken off when the owner is done. */
export async function connect(owner: Owner, port: number): Promise<Client> {
  const socket = connectSocket({ port, host: '127.0.0.1', allowHalfOpen: true })
  owner.after(() => socket.destroy())
  const client = new Client(socket)
  const connected = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  await within(connected, `a connection to port ${port}`)
  return client
}

/** Sends one request on a connection of its own and reads the response to it. */
export async function exchange(owner: Owner, port: number, bytes: string): Promise<Response> {
  const client = await connect(owner, port)
  client.send(bytes)
  const response = await client.response(bytes.split(' ', 1)[0])
  client.socket.destroy()
  return response
}

/** A GET request without a body; `fields` are whole lines. */
export function get(target = '/', ...fields: string[]): string {
  return [`GET ${target} HTTP/1.1`, 'Host: test', ...fields, '', ''].join('\r\n')
}

/** A POST request with a Content-Length; `fields` are whole lines. */
export function post(body: string, ...fields: string[]): string {
  return ['POST / HTTP/1.1', 'Host: test', `Content-Length: ${body.length}`, ...fields, '', body].join('\r\n')
}
