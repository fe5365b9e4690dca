// One request of the soak's clients: sends it, compares every byte of the response as it comes, and tells how it ended.
import { type Agent, type IncomingMessage, request as open } from 'node:http'
import { bytesOf, type Stretch } from './pattern.ts'

export interface Sending {
  readonly port: number
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Keeps connections; false: one for this request alone. */
  readonly agent: Agent | false
  readonly body?: Stretch
  /** The body goes out in chunks, in two pieces. */
  readonly chunked?: boolean
  /** Only this many bytes of the body go out, and then the client leaves. */
  readonly leaveAfterSending?: number
  /** The client leaves once it has read this many bytes of the response. */
  readonly leaveAfterReading?: number
  /** The client leaves after so many milliseconds. */
  readonly leaveAfter?: number
  /** The client stops reading for so many milliseconds after the first bytes. */
  readonly rest?: number
  /** The body of a 200 response. */
  readonly expected?: Stretch
}

export interface Outcome {
  /** 0: no response came. */
  readonly status: number
  /** `left`: by the client itself. */
  readonly end: 'whole' | 'broken' | 'left'
  /** Bytes of the body that came. */
  readonly size: number
  /** A byte was not what it should have been, or there were too many. */
  readonly wrong: boolean
}

/** Resolves when the response is over, however that came about. */
export function send(sending: Sending): Promise<Outcome> {
  const { port, method, path, agent, body, expected } = sending
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  let status = 0
  let size = 0
  let wrong = false
  let over = false

  const request = open({ host: '127.0.0.1', port, method, path, agent })
  const timer = sending.leaveAfter === undefined ? undefined : setTimeout(leave, sending.leaveAfter)
  request.on('error', () => finish('broken'))
  request.on('response', read)
  write()
  return promise

  function finish(end: Outcome['end']): void {
    if (over) return
    over = true
    clearTimeout(timer)
    resolve({ status, end, size, wrong })
  }

  function leave(): void {
    finish('left')
    request.destroy()
  }

  function write(): void {
    if (body === undefined) {
      request.end()
      return
    }
    const bytes = bytesOf(body)
    if (sending.chunked !== true) request.setHeader('Content-Length', bytes.length)
    if (sending.leaveAfterSending !== undefined) request.write(bytes.subarray(0, sending.leaveAfterSending), leave)
    else if (sending.chunked === true) {
      request.write(bytes.subarray(0, bytes.length >> 1))
      request.end(bytes.subarray(bytes.length >> 1))
    } else request.end(bytes)
  }

  function read(response: IncomingMessage): void {
    status = response.statusCode!
    const right = status === 200 && expected !== undefined ? bytesOf(expected) : null
    response.on('data', (chunk: Buffer) => {
      if (size === 0 && sending.rest !== undefined) {
        response.pause()
        setTimeout(() => response.resume(), sending.rest)
      }
      if (right !== null && !right.subarray(size, size + chunk.length).equals(chunk)) wrong = true
      size += chunk.length
      if (sending.leaveAfterReading !== undefined && size >= sending.leaveAfterReading) leave()
    })
    response.on('error', () => finish('broken'))
    response.on('end', () => {
      if (right !== null && size !== right.length) wrong = true
      finish('whole')
    })
    response.on('close', () => finish('broken'))
  }
}
