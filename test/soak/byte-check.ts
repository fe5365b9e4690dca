// Random exchanges through a balancer, in which every byte is checked at both ends: bodies from nothing to 3 MiB with a length
// or in chunks, pipelining, readers and writers that pause, connections that are closed, half-closed and reset. What a body
// holds depends on its exchange and the offset alone (pattern.ts), so bytes out of place show at once.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Writable } from 'node:stream'
import { type Owner, pause } from '../support/wait.ts'
import { bytesOf, SPAN, type Stretch } from './pattern.ts'
import { ResponseReader } from './response-reader.ts'

const MIB = 1024 * 1024
/** Nobody may wait longer for the next byte. */
const LIMIT = 20_000

type Random = () => number

/** A size: often none or small, sometimes around the borders of buffers, sometimes large. */
function size(random: Random, most: number): number {
  const kind = random()
  if (kind < 0.2) return 0
  if (kind < 0.5) return Math.floor(random() * 5000)
  if (kind < 0.7) return Math.floor(random() * 300_000)
  if (kind < 0.85) return Math.max(0, (1 << (10 + Math.floor(random() * 9))) + Math.floor(random() * 600) - 400)
  return Math.floor(random() * most)
}

function stretch(number: number, side: number, length: number): Stretch {
  return { offset: (number * 7919 + side * 1_000_003) % SPAN, size: length }
}

/** Pieces of random size. */
function* pieces(random: Random, bytes: Buffer): Generator<Buffer> {
  const most = random() < 0.3 ? 3000 : 200_000
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + Math.floor(random() * most))
    yield bytes.subarray(at, end)
    at = end
  }
}

async function maybePause(random: Random, chance: number, most: number): Promise<void> {
  if (random() < chance) await pause(random() * most)
}

/** Writes; resolves when there is room for more, or nobody to take it. */
function written(stream: Writable, bytes: Buffer): Promise<unknown> {
  return new Promise((resolve) => stream.write(bytes, resolve))
}

/** Checks that what is written to it is a stretch, from its beginning on. */
class Checker extends Writable {
  private at = 0
  constructor(expected: Stretch, random: Random, wrong: (text: string) => void) {
    const right = bytesOf(expected)
    super({
      write: (chunk: Buffer, _, done) => {
        if (!right.subarray(this.at, this.at + chunk.length).equals(chunk)) wrong(`wrong bytes after ${this.at}`)
        this.at += chunk.length
        maybePause(random, 0.02, 30).then(() => done())
      },
      final: (done) => {
        if (this.at !== right.length) wrong(`${this.at} bytes instead of ${right.length}`)
        done()
      },
    })
  }
}

export class ByteCheck {
  exchanges = 0
  readonly wrong: string[] = []
  private readonly random: Random
  private readonly most: number
  private count = 0

  constructor(random: Random, most: number = 3 * MIB) {
    this.random = random
    this.most = most
  }

  /** Starts a server that answers as it is asked to in the target. Resolves with its URL. */
  async startServer(owner: Owner): Promise<string> {
    const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
      void this.serve(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    owner.after(() => {
      server.close()
      server.closeAllConnections()
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { random } = this
    const [, number, sent, wanted, mode] = request.url!.split('/')
    const note = (text: string) => this.wrong.push(`request ${request.url}: ${text}`)
    request.pipe(new Checker(stretch(Number(number), 0, Number(sent)), random, note))
    response.on('error', () => {})
    const received = new Promise((resolve) => request.once('close', resolve))
    await maybePause(random, 0.2, 30)
    if (mode !== 'early') await received
    if (random() < 0.1) response.writeEarlyHints({ link: '</a>; rel=preload' })
    const body = bytesOf(stretch(Number(number), 1, Number(wanted)))
    if (random() < 0.5) response.setHeader('Content-Length', body.length)
    if (random() < 0.1) response.setHeader('Connection', 'close')
    response.flushHeaders()
    let at = 0
    for (const piece of pieces(random, body)) {
      if (response.destroyed) return
      if (mode === 'broken' && at > body.length / 2) {
        request.socket.resetAndDestroy()
        return
      }
      await written(response, piece)
      await maybePause(random, 0.05, 20)
      at += piece.length
    }
    response.end()
  }

  /** One connection of a client, with a few exchanges. */
  async client(port: number): Promise<void> {
    const { random } = this
    const kind = random()
    // What a client may not rely on that leaves, or whose server misbehaves: all that comes is still checked.
    const rough = kind < 0.1 ? 'reset' : kind < 0.2 ? 'half-closed' : kind < 0.3 ? 'early' : kind < 0.35 ? 'broken' : ''
    const total = 1 + Math.floor(random() * 6)
    const numbers = Array.from({ length: total }, () => this.count++)
    const wanted = numbers.map(() => size(random, this.most))
    const closes = random() < 0.5
    const slow = random() < 0.3 ? 0.5 : 0.05
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const reader = new ResponseReader(numbers.map((number, index) => bytesOf(stretch(number, 1, wanted[index]!))))
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    const done = new Promise<void>((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        reader.read(chunk)
        if (reader.wrong !== '' || (reader.over && !closes)) resolve()
        if (random() < 0.02) {
          socket.pause()
          setTimeout(() => socket.resume(), random() * (random() < slow ? 700 : 50))
        }
      })
      socket.on('end', resolve)
      socket.on('error', () => {})
      socket.on('close', () => resolve())
    })
    if (rough === 'reset' || rough === 'half-closed') {
      setTimeout(() => (rough === 'reset' ? socket.resetAndDestroy() : socket.end()), random() * 300)
    }
    const sending = this.send(socket, numbers, wanted, closes, rough)
    const name = `connection of ${numbers.join(', ')} (${rough}${closes ? ', Connection: close' : ''})`
    for (
      let last = '';
      await Promise.race([done.then(() => false), pause(LIMIT).then(() => true)]);
      last = reader.state
    ) {
      if (reader.state !== last) continue
      this.wrong.push(`${name}: nothing has come for ${LIMIT} ms, ${reader.state}`)
      break
    }
    if (reader.wrong !== '') this.wrong.push(`${name}: ${reader.wrong}`)
    else if (rough === '' && !reader.over) this.wrong.push(`${name}: ended early, ${reader.state}`)
    this.exchanges += reader.whole
    if (random() < 0.5) socket.end()
    else socket.destroy()
    setTimeout(() => socket.destroy(), 1000)
    await closed
    await sending
  }

  private async send(
    socket: Socket,
    numbers: number[],
    wanted: number[],
    closes: boolean,
    mode: string,
  ): Promise<void> {
    const { random } = this
    for (const [index, number] of numbers.entries()) {
      const length = random() < 0.3 ? 0 : size(random, this.most)
      const chunked = length > 0 && random() < 0.5
      const lines = [
        `${length === 0 ? 'GET' : random() < 0.5 ? 'PUT' : 'POST'} /${number}/${length}/${wanted[index]}/${mode} HTTP/1.1`,
        'Host: test',
        ...(chunked ? ['Transfer-Encoding: chunked'] : length > 0 ? [`Content-Length: ${length}`] : []),
        ...(closes && index === numbers.length - 1 ? ['Connection: close'] : []),
      ]
      const bytes: Buffer[] = [Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)]
      const body = bytesOf(stretch(number, 0, length))
      if (!chunked) bytes.push(body)
      else {
        for (const piece of pieces(random, body))
          bytes.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
        bytes.push(Buffer.from('0\r\n\r\n'))
      }
      for (const piece of pieces(random, Buffer.concat(bytes))) {
        if (socket.destroyed || socket.writableEnded) return
        await written(socket, piece)
        await maybePause(random, 0.03, 20)
      }
      await maybePause(random, 0.1, 50)
    }
  }
}
