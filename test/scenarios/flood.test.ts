// Many large responses towards clients that do not read: what we hold of them is bounded, however much the servers have.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect as connectSocket, type Socket } from 'node:net'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { readRequest } from '../support/message.ts'
import { type Origin, startOrigin } from '../support/origin.ts'
import { eventually, pause, within } from '../support/wait.ts'
import { leftovers } from '../workers/crew.ts'

const KIB = 1024
const MIB = 1024 * KIB
const CLIENTS = 200
const RESPONSE = 64 * MIB
/** The kernel takes more than a gigabyte before it holds the servers back, and that takes its time. */
const PATIENCE = 40_000

/**
 * What we may hold of one response: the one read that could not be written, into a buffer of the connection's own (128 KiB),
 * and the first read with the head, which was copied (64 KiB and the head).
 */
const HELD_OF_EACH = 196 * KIB

test('a flood of large responses towards clients that do not read stays within the read buffers', async (t) => {
  const senders: Socket[] = []
  const allHere = Promise.withResolvers<void>()
  const origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    senders.push(connection.socket)
    if (senders.length === CLIENTS) allHere.resolve()
    await allHere.promise
    connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${RESPONSE}\r\n\r\n`)
    await pour(connection.socket, RESPONSE)
  })
  const balancer = await startBalancer(t, { servers: [origin], workers: 2 })
  const clients: Socket[] = []
  for (let number = 0; number < CLIENTS; number++) {
    const client = connectSocket({ port: balancer.port, host: '127.0.0.1' })
    t.after(() => client.destroy())
    client.on('error', () => {})
    client.pause()
    client.write(get())
    clients.push(client)
  }
  await within(allHere.promise, 'every request to arrive')
  const sent = () => senders.reduce((sum, socket) => sum + leftFrom(socket), 0)
  // Bytes on their way from one queue to another would be counted twice or not at all.
  const { total, kernel } = await standstill(() => ({ total: sent(), kernel: inKernel(balancer, origin) }))
  t.diagnostic(`${CLIENTS} servers of ${RESPONSE / MIB} MiB each could send ${(total / MIB).toFixed(1)} MiB in all`)
  assert.ok(total < (CLIENTS * RESPONSE) / 2, 'the servers were held back')
  if (process.platform === 'linux') {
    const held = total - kernel
    t.diagnostic(`of that we hold ${(held / MIB).toFixed(1)} MiB, the kernel the rest`)
    assert.ok(held <= CLIENTS * HELD_OF_EACH, `we hold ${held} bytes`)
  }
  assert.equal(balancer.lb.metrics().totals.exchangesActive, CLIENTS)

  for (const client of clients) client.destroy()
  await eventually(() => Object.keys(leftovers(balancer.lb.metrics(), true)).length === 0, 'every count to be zero')
})

/** Bytes that the kernel has taken. The last write may have left in part, which only the handle knows. */
function leftFrom(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle: { readonly writeQueueSize: number } | null }
  return socket.bytesWritten - (handle?.writeQueueSize ?? 0)
}

/** Bytes in the send and receive queues of every connection of the balancer, at both ends; Linux only, 0 elsewhere. */
function inKernel(balancer: Balancer, origin: Origin): number {
  if (process.platform !== 'linux') return 0
  const ports = [balancer.port, origin.port]
  let sum = 0
  for (const row of readFileSync('/proc/self/net/tcp', 'latin1').trim().split('\n').slice(1)) {
    const [, local = '', remote = '', , queues = ''] = row.trim().split(/\s+/)
    if (!ports.includes(portOf(local)) && !ports.includes(portOf(remote))) continue
    for (const queue of queues.split(':')) sum += Number.parseInt(queue, 16)
  }
  return sum
}

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.indexOf(':') + 1), 16)
}

/** Writes as fast as the reader lets it; always the same bytes, so that the server itself holds next to nothing. */
async function pour(socket: Socket, total: number): Promise<void> {
  const piece = Buffer.alloc(64 * KIB, 'x')
  for (let sent = 0; sent < total && !socket.destroyed; sent += piece.length) {
    await new Promise((resolve) => socket.write(piece, resolve))
  }
}

/** Waits until counts stay the same for a while; resolves with them. */
async function standstill<T>(counts: () => T): Promise<T> {
  let last = counts()
  await eventually(
    async () => {
      const before = last
      await pause(500)
      last = counts()
      return isDeepStrictEqual(before, last)
    },
    'the servers to be held back',
    PATIENCE,
  )
  return last
}
