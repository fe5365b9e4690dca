// Every wait for a server has an end. A time-out before the response is a 504; one in it breaks the response off.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { get, post } from '../support/client.ts'
import { startFullListener } from '../support/full-listener.ts'
import { readRequest, readResponseHead } from '../support/message.ts'
import { answers, ok, startOrigin } from '../support/origin.ts'
import { eventually, pause } from '../support/wait.ts'
import { EndedError } from '../support/wire.ts'

test('answers 504 when the only server accepts no connection in time', async (t) => {
  const url = await startFullListener(t)
  if (url === undefined) return t.skip('this system completes connections beyond a full accept queue')
  const balancer = await startBalancer(t, { servers: [url], timeouts: { connect: '150ms' } })
  const answer = await balancer.exchange(get())
  assert.equal(answer.status, 504)
  assert.equal(balancer.lb.metrics().failures.connect_timeout, 1)
})

test('asks the next server when one accepts no connection in time, with the body too', async (t) => {
  const url = await startFullListener(t)
  if (url === undefined) return t.skip('this system completes connections beyond a full accept queue')
  const origin = await startOrigin(
    t,
    answers((request) => ok(request.text)),
  )
  const balancer = await startBalancer(t, { servers: [url, origin], timeouts: { connect: '150ms' } })
  assert.equal((await balancer.exchange(post('kept'))).text, 'kept')
  assert.equal((await balancer.exchange(post('kept'))).text, 'kept')
})

test('answers 504 when a server does not begin to answer in time, and leaves its connection', async (t) => {
  const origin = await startOrigin(t)
  const other = await startOrigin(t, answers(ok('other')))
  const balancer = await startBalancer(t, { servers: [origin, other], timeouts: { response_head: '150ms' } })
  const client = await balancer.connect()
  client.send(get())
  const connection = await origin.nextConnection()
  const answer = await client.response()
  assert.equal(answer.status, 504)
  await connection.over()
  assert.equal(other.connections.length, 0, 'what may have been executed is not sent again')
  client.send(get())
  assert.equal((await client.response()).text, 'other', 'the client goes on with its connection')
})

test('a half head does not stop the clock', async (t) => {
  const origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    await connection.drip(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(400)}`, 1, 10)
  })
  const balancer = await startBalancer(t, { servers: [origin], timeouts: { response_head: '200ms' } })
  assert.equal((await balancer.exchange(get())).status, 504)
})

test('the clock for the response starts when the request is over', async (t) => {
  const origin = await startOrigin(
    t,
    answers((request) => ok(request.text)),
  )
  const balancer = await startBalancer(t, { servers: [origin], timeouts: { response_head: '200ms' } })
  const client = await balancer.connect()
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n')
  await client.drip('0123456789', 1, 50)
  assert.equal((await client.response()).text, '0123456789')
})

test('breaks a response off when its body comes to a halt', async (t) => {
  const origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345')
  })
  const balancer = await startBalancer(t, { servers: [origin], timeouts: { body_idle: '150ms' } })
  const client = await balancer.connect()
  client.send(get())
  await assert.rejects(client.response(), EndedError)
  await (await origin.nextConnection()).over()
  assert.equal(balancer.lb.metrics().failures.response_idle, 1)
})

test('a slow body that does not halt is given all its time', async (t) => {
  const origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n')
    await connection.drip('0123456789', 1, 60)
  })
  const balancer = await startBalancer(t, { servers: [origin], timeouts: { body_idle: '250ms' } })
  assert.equal((await balancer.exchange(get())).text, '0123456789')
})

test('a client that pauses within a body is no halt of the server', async (t) => {
  const size = 32 * 1024 * 1024
  const origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`).send(Buffer.alloc(size))
  })
  const balancer = await startBalancer(t, { servers: [origin], timeouts: { body_idle: '1s' } })
  const client = await balancer.connect()
  client.send(get())
  await readResponseHead(client)
  client.socket.pause()
  // The origin is in this process: on a busy machine it may itself come to a halt for a moment.
  await pause(2500)
  client.socket.resume()
  assert.equal((await client.take(size)).length, size)
})

test('answers 504 when the whole exchange takes longer than allowed', async (t) => {
  const origin = await startOrigin(t)
  const balancer = await startBalancer(t, { servers: [origin], timeouts: { exchange: '200ms' } })
  const client = await balancer.connect()
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n')
  const dripping = client.drip('x'.repeat(100), 1, 20)
  assert.equal((await client.response()).status, 504)
  await (await origin.nextConnection()).over()
  client.socket.destroy()
  await dripping
})

test('breaks a response off when the whole exchange takes longer than allowed', async (t) => {
  const origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n')
    await connection.drip('x'.repeat(100), 1, 20)
  })
  const balancer = await startBalancer(t, { servers: [origin], timeouts: { exchange: '200ms' } })
  const client = await balancer.connect()
  client.send(get())
  await assert.rejects(client.response(), EndedError)
  assert.equal(balancer.lb.metrics().failures.exchange_timeout, 1)
  await eventually(() => balancer.lb.metrics().totals.exchangesActive === 0, 'the exchange to be over')
})
