// The demo servers keep the promises that docs/health-checks.md and `octoload demo-server --help` make.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, test } from 'node:test'
import { WebSocket } from 'ws'
import { type DemoServerOptions, type RunningDemoServer, startDemoServer } from './demo-server.ts'

const running: RunningDemoServer[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()))
})

async function start(options: Partial<DemoServerOptions> = {}): Promise<RunningDemoServer> {
  const server = await startDemoServer({ id: 1, port: 0, ...options })
  running.push(server)
  return server
}

async function ask(url: string, options: RequestOptions = {}, body = ''): Promise<IncomingMessage & { text: string }> {
  const sent = request(url, { agent: false, ...options })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return Object.assign(response, { text })
}

test('says which server it is, where, and when', async () => {
  const at = new Date(2026, 0, 2, 18, 53, 45).getTime()
  const server = await start({ id: 3, now: () => at })
  const response = await ask(`${server.url}/any/path?x=1`)
  assert.equal(response.statusCode, 200)
  assert.equal(response.headers['content-type'], 'text/plain; charset=utf-8')
  assert.equal(response.text, `Response from SERVER 3 (port ${server.port}) at 18:53:45\n`)
})

test('answers a POST alike, and leaves the body unread', async () => {
  const server = await start()
  const response = await ask(server.url, { method: 'POST' }, 'x'.repeat(300_000))
  assert.match(response.text, /^Response from SERVER 1 /)
})

test('is healthy until it is made sick, and again when it is made well', async () => {
  const server = await start()
  const health = async (): Promise<string> => {
    const response = await ask(`${server.url}/health`)
    return `${response.statusCode} ${response.text.trim()}`
  }
  assert.equal(await health(), '200 OK')
  assert.equal((await ask(`${server.url}/sick`)).statusCode, 200, 'a GET changes nothing')
  assert.equal(await health(), '200 OK')
  await ask(`${server.url}/sick`, { method: 'POST' })
  assert.equal(await health(), '503 SICK')
  assert.equal((await ask(server.url)).statusCode, 200, 'only its health says so')
  await ask(`${server.url}/well`, { method: 'POST' })
  assert.equal(await health(), '200 OK')
})

test('fails the given share of the answers, never its health', async () => {
  let roll = 0
  const server = await start({ errorRate: 0.3, random: () => roll })
  for (const [next, status, text] of [
    [0, 500, /^Error from SERVER 1 \(port \d+\) at /],
    [0.29, 500, /^Error /],
    [0.3, 200, /^Response /],
    [0.9, 200, /^Response /],
  ] as const) {
    roll = next
    const response = await ask(server.url)
    assert.equal(response.statusCode, status)
    assert.match(response.text, text)
  }
  roll = 0
  assert.equal((await ask(`${server.url}/health`)).statusCode, 200)
})

test('takes its time to answer', async () => {
  const server = await start({ latency: 40 })
  const began = performance.now()
  await ask(server.url)
  // Node's timers may come up to one millisecond early.
  assert.ok(performance.now() - began >= 39)
})

test('/echo sends a body back as it comes, with its type', async () => {
  const server = await start()
  const sent = request(`${server.url}/echo`, { method: 'PUT', agent: false, headers: { 'Content-Type': 'text/x' } })
  sent.write('first')
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  assert.equal(response.headers['content-type'], 'text/x')
  const [first] = await once(response.setEncoding('utf8'), 'data')
  assert.equal(first, 'first')
  const rest = response.toArray()
  sent.end('second')
  assert.deepEqual(await rest, ['second'])

  const body = 'é'.repeat(200_000)
  const whole = await ask(`${server.url}/echo`, { method: 'POST' }, body)
  assert.equal(whole.headers['content-length'], String(Buffer.byteLength(body)))
  assert.equal(whole.text, body)
})

test('/headers shows the head of the request to the letter', async () => {
  const server = await start()
  const headers = ['hOsT', 'shop.example', 'X-Twice', '1', 'x-twice', '2']
  const response = await ask(`${server.url}/headers?a=%2f`, { method: 'DELETE', headers })
  assert.equal(response.headers['content-type'], 'application/json')
  assert.deepEqual(JSON.parse(response.text), {
    method: 'DELETE',
    url: '/headers?a=%2f',
    httpVersion: '1.1',
    rawHeaders: [...headers, 'Connection', 'close'],
  })
})

test('/events sends numbered events, the first at once, until the client leaves', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const server = await start({ id: 2 })
  const sent = request(`${server.url}/events`, { agent: false }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  assert.equal(response.headers['content-type'], 'text/event-stream')
  response.setEncoding('utf8')
  const [first] = await once(response, 'data')
  assert.match(first, /^id: 1\ndata: Event from SERVER 2 \(port \d+\) at .*\n\n$/)
  const next = once(response, 'data')
  t.mock.timers.tick(1000)
  assert.match((await next)[0], /^id: 2\n/)
  sent.destroy()
})

test('/ws echoes messages of every length, and answers pings', async () => {
  const server = await start()
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`)
  await once(socket, 'open')
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 300_000]) {
    const text = 'é'
      .repeat(length / 2)
      .padEnd(length, 'x')
      .slice(0, length)
    socket.send(text)
    const [message, isBinary] = await once(socket, 'message')
    assert.equal(message.toString(), text)
    assert.equal(isBinary, false)
  }
  socket.send(Buffer.of(0, 255))
  assert.deepEqual(await once(socket, 'message'), [Buffer.of(0, 255), true])
  socket.send('in ', { fin: false })
  socket.send('pieces')
  assert.equal((await once(socket, 'message'))[0].toString(), 'in pieces')
  const pong = once(socket, 'pong')
  socket.ping('are you there')
  assert.equal((await pong)[0].toString(), 'are you there')
  socket.close(4001, 'enough')
  const [code, reason] = await once(socket, 'close')
  assert.equal(`${code} ${reason}`, '4001 enough')
})

test('/ws takes frames that come byte by byte or with the handshake, and drops a client that does not mask', async () => {
  const server = await start()
  const handshake =
    'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n\r\n'
  const masked = Buffer.of(0x81, 0x82, 1, 2, 3, 4, 'h'.charCodeAt(0) ^ 1, 'i'.charCodeAt(0) ^ 2)
  const socket = connect(server.port, '127.0.0.1').setNoDelay(true)
  socket.write(Buffer.concat([Buffer.from(handshake), masked]))
  for (const byte of masked) {
    socket.write(Buffer.of(byte))
    await new Promise((resolve) => setImmediate(resolve))
  }
  let received = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    received += chunk
  })
  socket.write(Buffer.of(0x81, 0x02, 104, 105))
  await once(socket, 'close')
  assert.equal(received.slice(received.indexOf('\r\n\r\n') + 4), '\x81\x02hi\x81\x02hi')
})

test('an upgrade elsewhere is refused', async () => {
  const server = await start()
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': 'a' }
  assert.equal((await ask(server.url, { headers })).statusCode, 400)
  assert.equal((await ask(`${server.url}/ws`, { headers: { ...headers, Upgrade: 'other' } })).statusCode, 400)
})

test('says which port is taken, and what to do', async () => {
  const { port } = await start()
  await assert.rejects(startDemoServer({ id: 2, port }), {
    code: 'EADDRINUSE',
    message: `port ${port} is already in use. Stop the program that uses it, or choose another port.`,
  })
  await assert.rejects(startDemoServer({ id: 2, port: 0, host: '192.0.2.1' }), {
    code: 'EADDRNOTAVAIL',
    message: '192.0.2.1 is not an address of this machine. Leave the host out, or use one of its own.',
  })
})

test('closing ends idle connections and streams at once, but lets answers finish', async () => {
  const arrived = Promise.withResolvers<void>()
  const random = (): number => {
    arrived.resolve()
    return 0
  }
  const server = await start({ latency: 30, random })
  const agent = new Agent({ keepAlive: true })
  await ask(`${server.url}/health`, { agent })
  const events = request(`${server.url}/events`, { agent: false }).end()
  const [stream] = (await once(events, 'response')) as [IncomingMessage]
  const streamEnd = once(stream.resume(), 'end')
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`)
  await once(socket, 'open')
  const socketEnd = once(socket, 'close')
  const slow = ask(server.url, { agent: new Agent({ keepAlive: true }) })
  await arrived.promise

  const closed = server.close()
  const [answer] = await Promise.all([slow, closed, streamEnd, socketEnd])
  assert.match(answer.text, /^Response from SERVER 1 /)
  await assert.rejects(ask(`${server.url}/health`), { code: 'ECONNREFUSED' })
  agent.destroy()
  await server.close()
})
