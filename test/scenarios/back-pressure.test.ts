// A sender waits for its reader: nothing is held in memory whole, in either direction.
import assert from 'node:assert/strict'
import { connect as connectSocket, type Socket } from 'node:net'
import { test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { readRequest } from '../support/message.ts'
import { startOrigin } from '../support/origin.ts'
import { eventually, pause } from '../support/wait.ts'

const MIB = 1024 * 1024

// What may lie between a sender and a reader that does not read: the kernel's buffers on four sockets, and ours.
const BOUND = 40 * MIB

test('a client that does not read holds the server back instead of filling our memory', async (t) => {
  const total = 200 * MIB
  let written = () => 0
  const origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`)
    const { socket } = connection
    written = () => socket.bytesWritten - socket.writableLength
    await pour(socket, total)
  })
  const balancer = await startBalancer(t, { servers: [origin] })
  const reader = connectSocket({ port: balancer.port, host: '127.0.0.1' })
  t.after(() => reader.destroy())
  reader.write(get())
  await standstill(() => written())
  assert.ok(written() < BOUND, `the server could write ${written()} bytes`)
  let length = 0
  reader.on('data', (chunk: Buffer) => {
    length += chunk.length
  })
  await eventually(() => length > total, `${total} bytes at the client`)
})

test('a server that does not read holds the client back instead of filling our memory', async (t) => {
  const total = 200 * MIB
  const origin = await startOrigin(t, (connection) => {
    connection.socket.pause()
  })
  const balancer = await startBalancer(t, { servers: [origin] })
  const sender = connectSocket({ port: balancer.port, host: '127.0.0.1' })
  t.after(() => sender.destroy())
  sender.write(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${total}\r\n\r\n`)
  const sending = pour(sender, total)
  const written = () => sender.bytesWritten - sender.writableLength
  await standstill(written)
  assert.ok(written() < BOUND, `the client could write ${written()} bytes`)
  sender.destroy()
  await sending
})

/** Writes as fast as the reader lets it. */
async function pour(socket: Socket, total: number): Promise<void> {
  const piece = Buffer.alloc(MIB, 'x')
  for (let sent = 0; sent < total && !socket.destroyed; sent += MIB) {
    await new Promise((resolve) => socket.write(piece, resolve))
  }
}

/** Waits until a count has begun and then stayed the same for a while. */
async function standstill(count: () => number): Promise<void> {
  let last = -1
  await eventually(async () => {
    const before = last
    last = count()
    await pause(150)
    return last > 0 && last === before && count() === last
  }, 'a sender to be held back')
}
