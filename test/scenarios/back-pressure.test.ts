// A sender waits for its reader: nothing is held in memory whole, in either direction.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { readRequest } from '../support/message.ts'
import { answers, ok, startOrigin } from '../support/origin.ts'
import { eventually, pause, within } from '../support/wait.ts'

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
    await pour(socket, total / MIB)
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
  const sending = pour(sender, total / MIB)
  const written = () => sender.bytesWritten - sender.writableLength
  await standstill(written)
  assert.ok(written() < BOUND, `the client could write ${written()} bytes`)
  sender.destroy()
  await sending
})

test('a client that sends requests and reads no answer is not asked for more', async (t) => {
  let asked = 0
  const origin = await startOrigin(
    t,
    answers(() => {
      asked++
      return ok('x'.repeat(3000))
    }),
  )
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = connectSocket({ port: balancer.port, host: '127.0.0.1' })
  t.after(() => client.destroy())
  const requests = get().repeat(1000)
  const sending = pour(client, 1000, requests)
  await standstill(() => asked)
  assert.ok(asked * 3000 < BOUND, `${asked} requests reached the server`)
  let length = 0
  client.on('data', (chunk: Buffer) => {
    length += chunk.length
  })
  // What was held back goes on.
  const held = asked
  await eventually(() => asked > held + 100 && length > held * 3000, 'the answers at the client')
  client.destroy()
  await sending
})

test('our own answers wait for their reader, too', async (t) => {
  const balancer = await startBalancer(t, { servers: [] })
  const client = connectSocket({ port: balancer.port, host: '127.0.0.1' })
  t.after(() => client.destroy())
  const sending = pour(client, 1000, get(`/${'x'.repeat(100)}`).repeat(1000))
  const written = () => client.bytesWritten - client.writableLength
  await standstill(written)
  assert.ok(written() < BOUND, `the client could write ${written()} bytes`)
  client.destroy()
  await sending
})

test('interim responses wait for their reader, too', async (t) => {
  let written = () => 0
  const interim = Buffer.from(`HTTP/1.1 103 Early Hints\r\nLink: <${'x'.repeat(500)}>\r\n\r\n`.repeat(1000))
  const origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    const { socket } = connection
    written = () => socket.bytesWritten - socket.writableLength
    await pour(socket, 200, interim)
  })
  const balancer = await startBalancer(t, { servers: [origin] })
  const reader = connectSocket({ port: balancer.port, host: '127.0.0.1' })
  t.after(() => reader.destroy())
  reader.write(get())
  await standstill(() => written())
  assert.ok(written() < BOUND, `the server could write ${written()} bytes`)
})

const before = process.env.OCTOLOAD_HANDLES
for (const handles of ['on', 'off']) {
  test(`a slow reader gets the last byte of a response behind which the connection is closed, with handles ${handles}`, async (t) => {
    process.env.OCTOLOAD_HANDLES = handles
    t.after(() => {
      if (before === undefined) delete process.env.OCTOLOAD_HANDLES
      else process.env.OCTOLOAD_HANDLES = before
    })

    let answered = 0
    const origin = await startOrigin(
      t,
      answers((request) => {
        answered++
        return ok('x'.repeat(Number(request.get('x-size'))))
      }),
    )
    const balancer = await startBalancer(t, { servers: [origin] })
    // The largest response that is passed on though its client reads nothing: its last bytes do not leave us then.
    let size = 0
    let reader: Socket | null = null
    for (let step = 8 * MIB; step >= 16 * 1024; step /= 2) {
      const next = connectSocket({ port: balancer.port, host: '127.0.0.1' })
      t.after(() => next.destroy())
      next.write(get('/', `X-Size: ${size + step}`, 'Connection: close'))
      const answers = answered
      await eventually(() => answered > answers, 'the response to begin')
      await pause(200)
      if (balancer.lb.metrics().totals.exchangesActive === 0) {
        reader?.destroy()
        reader = next
        size += step
      } else {
        next.destroy()
        await eventually(() => balancer.lb.metrics().totals.exchangesActive === 0, 'that exchange to end')
      }
    }
    assert.ok(reader !== null)
    // Longer than we wait for the end of a client that has got everything.
    await pause(3000)
    // It may end its own side meanwhile.
    reader.end()
    await pause(200)
    let length = 0
    reader.on('data', (chunk: Buffer) => {
      length += chunk.length
    })
    await within(once(reader, 'end'), 'the end')
    assert.ok(length > size, `${length} bytes of ${size} came`)
  })
}

/** Writes as fast as the reader lets it. */
async function pour(socket: Socket, times: number, piece: Buffer | string = Buffer.alloc(MIB, 'x')): Promise<void> {
  for (let sent = 0; sent < times && !socket.destroyed; sent++) {
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
