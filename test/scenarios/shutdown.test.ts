// Stopping: nothing new, what is in flight may finish, the rest is cut when its time is up, and the counts say so.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { connect, get } from '../support/client.ts'
import { readRequest } from '../support/message.ts'
import { answers, ok, startOrigin } from '../support/origin.ts'
import { eventually, pause } from '../support/wait.ts'
import { EndedError } from '../support/wire.ts'

test('lets what is in flight finish, says Connection: close, and counts it', async (t) => {
  const origin = await startOrigin(t)
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  client.send(get())
  const connection = await origin.nextConnection()
  await readRequest(connection)
  const stopped = balancer.lb.stop({ timeout: 10_000 })
  await balancer.logged(/Shutting down: waiting up to 10 s for 1 exchange/)
  await eventually(() => refused(t, balancer.port), 'new connections to be refused')
  connection.send(ok('finished'))
  const answer = await client.response()
  assert.equal(answer.text, 'finished')
  assert.equal(answer.get('connection'), 'close')
  client.end()
  assert.deepEqual(await stopped, { finished: 1, cut: 0 })
  assert.equal(balancer.countLogged(/Shutdown complete: 1 exchange finished, 0 cut/), 1)
})

async function refused(t: Parameters<typeof connect>[0], port: number): Promise<boolean> {
  return connect(t, port).then(
    () => false,
    () => true,
  )
}

test('a response that has begun may finish', async (t) => {
  const origin = await startOrigin(t)
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  client.send(get())
  const connection = await origin.nextConnection()
  await readRequest(connection)
  connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345')
  await client.seen('12345')
  const stopped = balancer.lb.stop({ timeout: 10_000 })
  await balancer.logged(/Shutting down/)
  connection.send('67890')
  assert.equal((await client.response()).text, '1234567890')
  assert.equal(await client.over(), 'end')
  client.end()
  assert.deepEqual(await stopped, { finished: 1, cut: 0 })
})

test('a request whose body is still coming may finish', async (t) => {
  const origin = await startOrigin(
    t,
    answers((request) => ok(request.text)),
  )
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n12345')
  await (await origin.nextConnection()).seen('12345')
  const stopped = balancer.lb.stop({ timeout: 10_000 })
  await balancer.logged(/Shutting down/)
  client.send('67890')
  assert.equal((await client.response()).text, '1234567890')
  client.end()
  assert.deepEqual(await stopped, { finished: 1, cut: 0 })
})

test('closes idle connections at once, on both sides', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin] })
  const used = await balancer.connect()
  const unused = await balancer.connect()
  used.send(get())
  await used.response()
  await eventually(() => balancer.lb.metrics().totals.exchangesActive === 0, 'the exchange to be accounted for')
  const stopped = balancer.lb.stop({ timeout: 10_000 })
  for (const client of [used, unused]) {
    assert.equal((await client.rest()).length, 0)
    client.end()
  }
  await origin.connections[0]!.over()
  assert.deepEqual(await stopped, { finished: 0, cut: 0 })
})

test('cuts what is left when the time is up, and says how many', async (t) => {
  const origin = await startOrigin(t)
  const balancer = await startBalancer(t, { servers: [origin] })
  const waiting = await balancer.connect()
  waiting.send(get('/waiting'))
  const begun = await balancer.connect()
  await readRequest(await origin.nextConnection())
  begun.send(get('/begun'))
  const second = await origin.nextConnection()
  await readRequest(second)
  second.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345')
  await begun.seen('12345')
  const finishing = await balancer.connect()
  finishing.send(get('/finishing'))
  const third = await origin.nextConnection()
  await readRequest(third)
  const stopped = balancer.lb.stop({ timeout: 300 })
  await balancer.logged(/Shutting down/)
  third.send(ok())
  await finishing.response()
  finishing.end()
  assert.deepEqual(await stopped, { finished: 1, cut: 2 })
  await assert.rejects(begun.response(), EndedError, 'the client must not take it for complete')
  await waiting.over()
  await second.over()
  assert.equal(balancer.countLogged(/Shutdown complete: 1 exchange finished, 2 cut/), 1)
})

test('a tunnel may go on, and is cut when the time is up', async (t) => {
  const origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
  })
  for (const ends of [true, false]) {
    const balancer = await startBalancer(t, { servers: [origin] })
    const client = await balancer.connect()
    client.send(get('/', 'Connection: upgrade', 'Upgrade: x'))
    await client.response()
    const server = await origin.nextConnection()
    const stopped = balancer.lb.stop({ timeout: ends ? 10_000 : 300 })
    await balancer.logged(/Shutting down/)
    client.send('still going')
    await server.seen('still going')
    if (ends) {
      client.end()
      server.end()
    }
    assert.deepEqual(await stopped, { finished: ends ? 1 : 0, cut: ends ? 0 : 1 })
    await client.over()
    await server.over()
  }
})

test('requests that were pipelined before the stop are answered', async (t) => {
  const origin = await startOrigin(t)
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  client.send(get('/1') + get('/2'))
  const connection = await origin.nextConnection()
  await readRequest(connection)
  const stopped = balancer.lb.stop({ timeout: 10_000 })
  await balancer.logged(/Shutting down/)
  connection.send(ok('one'))
  const first = await client.response()
  assert.equal(first.text, 'one')
  if (first.get('connection') !== 'close') {
    await readRequest(connection)
    connection.send(ok('two'))
    assert.equal((await client.response()).text, 'two')
  }
  client.end()
  assert.equal((await stopped).cut, 0)
})

test('a client with pipelined requests that reads late is told in its last answer', async (t) => {
  let asked = 0
  const origin = await startOrigin(
    t,
    answers(() => {
      asked++
      return ok('x'.repeat(30_000))
    }),
  )
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  client.socket.pause()
  client.send(get().repeat(1000))
  // Until answers wait for the client to read.
  let before = -1
  await eventually(async () => {
    const still = asked === before && asked > 0
    before = asked
    await pause(100)
    return still
  }, 'the client to be waited for')
  const stopped = balancer.lb.stop({ timeout: 10_000 })
  await balancer.logged(/Shutting down/)
  await pause(100)
  client.socket.resume()
  let last = await client.response()
  while (await client.more()) last = await client.response()
  assert.equal(last.get('connection'), 'close')
  client.end()
  assert.equal((await stopped).cut, 0)
})

test('stops all workers, with the counts of the whole', async (t) => {
  const origin = await startOrigin(t)
  const balancer = await startBalancer(t, { servers: [origin], workers: 2 })
  const clients = await Promise.all(Array.from({ length: 8 }, () => balancer.connect()))
  for (const client of clients) client.send(get())
  await eventually(() => origin.connections.length === 8, 'all requests to arrive')
  const stopped = balancer.lb.stop({ timeout: 400 })
  await balancer.logged(/waiting up to 0\.4 s for 8 exchanges/)
  for (const connection of origin.connections.slice(0, 5)) connection.send(ok('done'))
  assert.deepEqual(await stopped, { finished: 5, cut: 3 })
})

test('stopping twice is stopping once', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin] })
  const [first, second] = await Promise.all([balancer.lb.stop(), balancer.lb.stop()])
  assert.deepEqual(first, { finished: 0, cut: 0 })
  assert.deepEqual(second, first)
})
