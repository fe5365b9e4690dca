// WebSocket and any other protocol after 101: a tunnel of bytes, both ways (RFC 9110 section 7.8, RFC 6455).
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { type Setup, startBalancer } from '../support/balancer.ts'
import { type Client, get, post } from '../support/client.ts'
import { type Request, readRequest } from '../support/message.ts'
import { answers, ok, type Script, startOrigin } from '../support/origin.ts'
import { bytesFrom, digest, newSeed } from '../support/random.ts'
import { eventually, type Owner, pause, within } from '../support/wait.ts'
import type { Wire } from '../support/wire.ts'

const UPGRADE = get('/chat', 'Connection: keep-alive, Upgrade', 'Upgrade: chatter/2')
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chatter/2\r\n\r\n'

/** A server that echoes every WebSocket message; resolves with its URL. */
async function startEcho(owner: Owner): Promise<string> {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => {
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  owner.after(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Opens a tunnel; resolves with its two ends. */
async function openTunnel(t: TestContext, setup: Setup = {}) {
  const origin = await startOrigin(t)
  const balancer = await startBalancer(t, { servers: [origin], ...setup })
  const client = await balancer.connect()
  client.send(UPGRADE)
  const server = await origin.nextConnection()
  await readRequest(server)
  server.send(SWITCHED)
  assert.equal((await client.response()).status, 101)
  return { balancer, client, server }
}

async function says(from: Wire | Client, to: Wire | Client, text: string): Promise<void> {
  from.send(text)
  assert.equal((await to.take(text.length)).toString('latin1'), text)
}

test('carries WebSocket messages of every size both ways, and the close code', async (t) => {
  const url = await startEcho(t)
  const balancer = await startBalancer(t, { servers: [url] })
  const socket = new WebSocket(`ws://127.0.0.1:${balancer.port}/echo?x=1`)
  t.after(() => socket.terminate())
  await within(once(socket, 'open'), 'the WebSocket to open')
  const seed = newSeed(t)
  for (const size of [0, 1, 125, 126, 65_536, 1024 * 1024]) {
    const message = bytesFrom(seed + size, size)
    socket.send(message)
    const [echo] = (await within(once(socket, 'message'), `the echo of ${size} bytes`)) as [Buffer]
    assert.equal(digest(echo), digest(message))
  }
  socket.close(4321, 'enough')
  const [code, reason] = (await within(once(socket, 'close'), 'the close')) as [number, Buffer]
  assert.equal(code, 4321)
  assert.equal(reason.toString(), 'enough')
})

test('passes the close code of the server on', async (t) => {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.close(1013, 'later'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const balancer = await startBalancer(t, { servers: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`] })
  const socket = new WebSocket(`ws://127.0.0.1:${balancer.port}/`)
  t.after(() => socket.terminate())
  const [code, reason] = (await within(once(socket, 'close'), 'the close')) as [number, Buffer]
  assert.equal(code, 1013)
  assert.equal(reason.toString(), 'later')
})

test('passes any Upgrade on, with its headers, and the 101 back', async (t) => {
  const seen: Request[] = []
  const origin = await startOrigin(t, async (connection) => {
    seen.push(await readRequest(connection))
    connection.send(SWITCHED.replace('\r\n\r\n', '\r\nX-Chat: yes\r\n\r\n'))
  })
  const balancer = await startBalancer(t, { servers: [origin] })
  const answer = await balancer.exchange(UPGRADE)
  assert.equal(seen[0]?.get('upgrade'), 'chatter/2')
  assert.match(seen[0]?.get('connection') ?? '', /^upgrade$/i)
  assert.equal(answer.startLine, 'HTTP/1.1 101 Switching Protocols')
  assert.equal(answer.get('upgrade'), 'chatter/2')
  assert.match(answer.get('connection') ?? '', /^upgrade$/i)
  assert.equal(answer.get('x-chat'), 'yes')
})

test('loses no early byte from either side', async (t) => {
  const origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    connection.send(`${SWITCHED}early from the server`)
  })
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  client.send(`${UPGRADE}early from the client`)
  await client.response()
  assert.equal((await client.take(21)).toString(), 'early from the server')
  const server = await origin.nextConnection()
  await server.seen(/early from the client$/)
})

test('a request with a body may ask for an Upgrade too', async (t) => {
  const origin = await startOrigin(t, async (connection) => {
    const request = await readRequest(connection)
    assert.equal(request.text, 'body')
    connection.send(SWITCHED)
  })
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  client.send(`${post('body', 'Connection: upgrade', 'Upgrade: chatter/2')}early`)
  assert.equal((await client.response()).status, 101)
  const server = await origin.nextConnection()
  assert.equal((await server.take(5)).toString(), 'early')
  await says(server, client, 'hello')
})

test('carries megabytes both ways at once', async (t) => {
  const { client, server } = await openTunnel(t)
  const seed = newSeed(t)
  const size = 8 * 1024 * 1024
  const [up, down] = [bytesFrom(seed, size), bytesFrom(seed + 1, size)]
  client.send(up)
  server.send(down)
  const [atServer, atClient] = await Promise.all([server.take(size), client.take(size)])
  assert.equal(digest(atServer), digest(up))
  assert.equal(digest(atClient), digest(down))
})

test('what looks like HTTP in a tunnel stays bytes', async (t) => {
  const { client, server } = await openTunnel(t)
  await says(client, server, get('/not-a-request'))
  await says(server, client, 'HTTP/1.1 999 not a response\n\0\xff')
})

test('honours a half-close of the client: the server may go on', async (t) => {
  const { client, server } = await openTunnel(t)
  client.end('bye')
  assert.equal((await server.rest()).toString(), 'bye')
  await says(server, client, 'still here')
  server.end()
  assert.equal(await client.over(), 'end')
})

test('honours a half-close of the server: the client may go on', async (t) => {
  const { client, server } = await openTunnel(t)
  server.end('bye')
  assert.equal((await client.rest()).toString(), 'bye')
  await says(client, server, 'still here')
  client.end()
  assert.equal(await server.over(), 'end')
})

test('closes the server side when the client vanishes', async (t) => {
  const { balancer, client, server } = await openTunnel(t)
  client.reset()
  await server.over()
  await eventually(() => balancer.lb.metrics().totals.tunnelsActive === 0, 'no tunnel to be left')
})

test('closes the client side when the server vanishes', async (t) => {
  const { balancer, client, server } = await openTunnel(t)
  server.reset()
  await client.over()
  await eventually(() => balancer.lb.metrics().totals.tunnelsActive === 0, 'no tunnel to be left')
})

test('counts tunnels and their exchange while they last', async (t) => {
  const { balancer, client, server } = await openTunnel(t)
  await eventually(() => balancer.lb.metrics().totals.tunnelsActive === 1, 'the tunnel to count')
  client.end()
  server.end()
  await eventually(() => balancer.lb.metrics().totals.tunnelsActive === 0, 'the tunnel to be over')
})

test('the access log shows what the server sent through a tunnel', async (t) => {
  const { balancer, client, server } = await openTunnel(t, { logging: { access: true } })
  await says(client, server, 'up')
  await says(server, client, 'down!')
  client.end()
  server.end()
  await balancer.logged(/"GET \/chat HTTP\/1\.1" 101 5B /)
})

test('ends a tunnel on which nothing moves, and none on which something does', async (t) => {
  const { client, server } = await openTunnel(t, { timeouts: { tunnel_idle: '250ms' } })
  const end = performance.now() + 500
  while (performance.now() < end) {
    await says(client, server, 'ping')
    await pause(50)
  }
  await says(server, client, 'pong')
  await client.over()
  await server.over()
})

test('the time for a whole exchange does not end a tunnel', async (t) => {
  const { client, server } = await openTunnel(t, { timeouts: { exchange: '200ms' } })
  await pause(400)
  await says(client, server, 'still here')
})

test('ends a tunnel whose client never takes the last bytes of a server that has ended', async (t) => {
  const { balancer, client, server } = await openTunnel(t, { timeouts: { tunnel_idle: '250ms' } })
  client.socket.pause()
  server.end(Buffer.alloc(32 * 1024 * 1024))
  await eventually(() => balancer.lb.metrics().totals.tunnelsActive === 0, 'the tunnel to be over')
  await eventually(() => balancer.lb.metrics().totals.clientConnectionsActive === 0, 'the connection to be gone')
  client.socket.resume()
  await client.over()
})

test('an answer other than 101 to an Upgrade is an ordinary response', async (t) => {
  const script: Script = answers((request) => ok(request.get('upgrade') ?? 'none'))
  const origin = await startOrigin(t, script)
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  client.send(UPGRADE)
  assert.equal((await client.response()).text, 'chatter/2')
  client.send(get())
  assert.equal((await client.response()).text, 'none')
  assert.equal(origin.connections.length, 1)
})

test('a 101 that nobody asked for is a broken answer: 502', async (t) => {
  const origin = await startOrigin(t, answers(`${SWITCHED}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`))
  const balancer = await startBalancer(t, { servers: [origin] })
  assert.equal((await balancer.exchange(get())).status, 502)
  assert.equal((await balancer.exchange(post('x'))).status, 502)
})

test('a pipelined request behind an Upgrade is never taken for one', async (t) => {
  const origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    connection.send(SWITCHED)
  })
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  client.send(UPGRADE + get('/inside'))
  await client.response()
  const server = await origin.nextConnection()
  await server.seen('/inside')
  assert.equal(origin.connections.length, 1)
  assert.ok(server.text.endsWith(get('/inside')), 'its bytes went through untouched')
})
