// Clients that send slowly, or stop, cannot hold us: every wait for a client has an end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { answers, ok, startOrigin } from '../support/origin.ts'
import { eventually, pause } from '../support/wait.ts'
import { EndedError, type Wire } from '../support/wire.ts'

test('answers 408 and closes when a head stops half-way', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin], timeouts: { client_head: '150ms' } })
  const client = await balancer.connect()
  client.send('GET / HTTP/1.1\r\nHost: te')
  const answer = await client.response()
  assert.equal(answer.status, 408)
  assert.equal(answer.get('connection'), 'close')
  assert.equal((await client.rest()).length, 0)
  assert.equal(origin.connections.length, 0)
})

test('a head that drips byte by byte gets no more time than any other', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin], timeouts: { client_head: '200ms' } })
  const client = await balancer.connect()
  const dripping = client.drip(get(`/${'x'.repeat(400)}`), 1, 10)
  assert.equal((await client.response()).status, 408)
  client.socket.destroy()
  await dripping
  assert.equal(origin.connections.length, 0)
})

test('the same holds for the second head on a connection', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, {
    servers: [origin],
    timeouts: { client_head: '150ms', keep_alive_idle: 'off' },
  })
  const client = await balancer.connect()
  client.send(get())
  await client.response()
  client.send('GET / HT')
  assert.equal((await client.response()).status, 408)
})

test('closes a connection on which no request ever begins', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin], timeouts: { client_head: '100ms' } })
  const client = await balancer.connect()
  assert.equal((await client.rest()).length, 0)
  client.end()
  await eventually(() => balancer.lb.metrics().totals.clientConnectionsActive === 0, 'the connection to be gone')
})

test('closes an idle keep-alive connection without a word', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin], timeouts: { keep_alive_idle: '100ms' } })
  const client = await balancer.connect()
  client.send(get())
  await client.response()
  assert.equal((await client.rest()).length, 0)
})

test('answers 408 and closes when a body stops half-way, and the server sees it as broken', async (t) => {
  const origin = await startOrigin(t)
  const balancer = await startBalancer(t, { servers: [origin], timeouts: { client_body_idle: '150ms' } })
  const client = await balancer.connect()
  client.send('POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel')
  const connection = await origin.nextConnection()
  const answer = await client.response()
  assert.equal(answer.status, 408)
  assert.equal(answer.get('connection'), 'close')
  assert.equal((await client.rest()).length, 0)
  await connection.over()
  assert.doesNotMatch(connection.text, /0\r\n\r\n$/)
})

test('a slow body that does not stop is given all its time', async (t) => {
  const origin = await startOrigin(
    t,
    answers((request) => ok(request.text)),
  )
  const balancer = await startBalancer(t, { servers: [origin], timeouts: { client_body_idle: '250ms' } })
  const client = await balancer.connect()
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n')
  await client.drip('0123456789', 1, 60)
  assert.equal((await client.response()).text, '0123456789')
})

test('a client that takes nothing of its response is let go, and its server with it', async (t) => {
  const origin = await startOrigin(t, async (connection) => {
    await connection.seen(/\r\n\r\n/)
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n')
    await pourOut(connection, Buffer.alloc(1024 * 1024))
  })
  const balancer = await startBalancer(t, { servers: [origin], timeouts: { client_body_idle: '200ms' } })
  const client = await balancer.connect()
  client.socket.pause()
  client.send(get())
  const connection = await origin.nextConnection()
  await connection.over()
  await eventually(() => balancer.lb.metrics().totals.exchangesActive === 0, 'the exchange to be over')
  client.socket.resume()
  await assert.rejects(client.response(), EndedError, 'the client must not take it for complete')
})

test('a client that takes none of its interim responses is let go, and its server is not blamed', async (t) => {
  const interim = `HTTP/1.1 103 Early Hints\r\nLink: <${'x'.repeat(500)}>\r\n\r\n`.repeat(1000)
  const origin = await startOrigin(t, async (connection) => {
    await connection.seen(/\r\n\r\n/)
    await pourOut(connection, interim)
  })
  const balancer = await startBalancer(t, {
    servers: [origin],
    timeouts: { client_body_idle: '200ms', response_head: '10s' },
  })
  const client = await balancer.connect()
  client.socket.pause()
  client.send(get())
  const connection = await origin.nextConnection()
  await connection.over()
  await eventually(() => balancer.lb.metrics().totals.exchangesActive === 0, 'the exchange to be over')
  assert.equal(balancer.lb.metrics().totals.failed, 0)
})

test('takes no more clients than it may, and the next one once there is room', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin], limits: { client_connections: 2 } })
  const clients = [await balancer.connect(), await balancer.connect()]
  for (const client of clients) {
    client.send(get())
    assert.equal((await client.response()).status, 200)
  }
  const surplus = await balancer.connect()
  await surplus.over()
  clients[0]!.socket.destroy()
  await eventually(() => balancer.lb.metrics().totals.clientConnectionsActive === 1, 'room for a client')
  assert.equal((await balancer.exchange(get())).status, 200)
})

/** Sends the same piece again and again, until the connection is over. */
async function pourOut(connection: Wire, piece: Buffer | string): Promise<void> {
  while (connection.ending === 'open' && !connection.socket.destroyed) {
    if (!connection.socket.write(piece)) await pause(5)
    if (connection.socket.writableLength > 8 * piece.length) await pause(20)
  }
}
