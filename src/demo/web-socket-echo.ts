// The smallest WebSocket server that is of use: it sends every message back (RFC 6455). Frames go back one by one
// with the same first byte, so that fragmented messages come back fragmented alike.
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** RFC 6455 section 1.3. */
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** Nobody needs more to see that an echo works, and a frame is held whole. */
const FRAME_LIMIT = 1024 * 1024
const CLOSE = 0x8
const PING = 0x9
const PONG = 0xa

interface Frame {
  /** FIN bit and opcode. */
  first: number
  body: Buffer
  /** Bytes of the whole frame. */
  size: number
}

/** Answers the handshake and echoes from then on; returns false, with nothing written, when it is not a WebSocket one. */
export function acceptEcho(request: IncomingMessage, socket: Duplex): boolean {
  const key = request.headers['sec-websocket-key']
  if (key === undefined || request.headers.upgrade?.toLowerCase() !== 'websocket') return false
  const accept = createHash('sha1').update(`${key}${KEY_SUFFIX}`).digest('base64')
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  let pending: Buffer = Buffer.alloc(0)
  socket.on('data', (bytes: Buffer) => {
    pending = Buffer.concat([pending, bytes])
    for (let frame = readFrame(pending); frame !== 'incomplete' && !socket.writableEnded; frame = readFrame(pending)) {
      if (frame === 'refused') {
        socket.end()
        return
      }
      pending = pending.subarray(frame.size)
      const opcode = frame.first & 0xf
      if (opcode !== PONG) socket.write(unmaskedFrame(opcode === PING ? 0x80 | PONG : frame.first, frame.body))
      if (opcode === CLOSE) socket.end()
    }
  })
  socket.on('end', () => socket.end())
  return true
}

/** Section 5.2. A frame of a client must be masked (section 5.1). */
function readFrame(bytes: Buffer): Frame | 'incomplete' | 'refused' {
  if (bytes.length < 2) return 'incomplete'
  if ((bytes[1]! & 0x80) === 0) return 'refused'
  const short = bytes[1]! & 0x7f
  const maskAt = short === 127 ? 10 : short === 126 ? 4 : 2
  if (bytes.length < maskAt + 4) return 'incomplete'
  const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short
  if (length > FRAME_LIMIT) return 'refused'
  const size = maskAt + 4 + length
  if (bytes.length < size) return 'incomplete'
  const body = Buffer.from(bytes.subarray(maskAt + 4, size))
  for (let at = 0; at < length; at++) body[at]! ^= bytes[maskAt + (at & 3)]!
  return { first: bytes[0]!, body, size }
}

function unmaskedFrame(first: number, body: Buffer): Buffer {
  const { length } = body
  if (length <= 125) return Buffer.concat([Buffer.of(first, length), body])
  const long = length > 0xffff
  const head = Buffer.alloc(long ? 10 : 4)
  head[0] = first
  head[1] = long ? 127 : 126
  if (long) head.writeBigUInt64BE(BigInt(length), 2)
  else head.writeUInt16BE(length, 2)
  return Buffer.concat([head, body])
}
