// The probes against servers that answer in every way a server can go wrong, on real sockets.
import assert from 'node:assert/strict'
import { getEventListeners, once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { serverConfig } from '../../test/support/server-config.ts'
import type { HealthCheckConfig, ServerConfig } from '../config/config.ts'
import type { ProbeResult } from '../seams/health-check.ts'
import { healthChecks } from './index.ts'

const CHECK: HealthCheckConfig = {
  kind: 'http',
  interval: 30_000,
  interval_down: 5000,
  timeout: 5000,
  jitter: 0,
  rise: 1,
  fall: 1,
  initial: 'up',
  method: 'GET',
  path: '/',
  headers: {},
  port: 0,
  statuses: [{ from: 200, to: 200 }],
  body_contains: '',
}
const NEVER = new AbortController().signal

interface RawServer {
  config: ServerConfig
  /** All that clients have sent. */
  received: () => string
  /** Resolves when every connection that was accepted is closed. */
  allClosed: () => Promise<void>
}

const listening: Server[] = []
const sockets = new Set<Socket>()
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  for (const server of listening.splice(0)) server.close()
})

/** `onRequest` is called once per connection, with the first bytes; without it the server never answers. */
async function rawServer(onRequest?: (socket: Socket) => void, host = '127.0.0.1'): Promise<RawServer> {
  let received = ''
  const closings: Promise<unknown>[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    closings.push(new Promise((resolve) => socket.on('close', resolve)))
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      if (received === '' || !socket.writableEnded) received += bytes.toString('latin1')
    })
    socket.on('end', () => socket.end())
    if (onRequest) socket.once('data', () => onRequest(socket))
  })
  listening.push(server)
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const shown = host.includes(':') ? `[${host}]` : host
  return {
    config: serverConfig(shown, port),
    received: () => received,
    allClosed: async () => {
      await Promise.all(closings)
    },
  }
}

function answering(text: string): (socket: Socket) => void {
  return (socket) => socket.write(text, 'latin1')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function probe(config: Partial<HealthCheckConfig>, server: ServerConfig, signal = NEVER): Promise<ProbeResult> {
  const whole = { ...CHECK, ...config }
  return healthChecks[whole.kind]!.make(whole)(server, signal)
}

/** Probes one raw server, waits until every socket is closed again, and returns the detail behind `ok ` or `bad `. */
async function verdict(onRequest: (socket: Socket) => void, config: Partial<HealthCheckConfig> = {}): Promise<string> {
  const server = await rawServer(onRequest)
  const result = await probe(config, server.config)
  await server.allClosed()
  return `${result.ok ? 'ok' : 'bad'} ${result.detail.replace(/ in \d+ ms$/, '')}`
}

test('accepts the expected status without waiting for the body', async () => {
  assert.equal(await verdict(answering('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n')), 'ok status 200')
})

test('sends a plain request on a connection of its own', async () => {
  const server = await rawServer(answering('HTTP/1.1 200 OK\r\n\r\n'))
  await probe({ path: '/health?deep=1' }, server.config)
  await server.allClosed()
  assert.equal(
    server.received(),
    `GET /health?deep=1 HTTP/1.1\r\nHost: 127.0.0.1:${server.config.port}\r\n` +
      'User-Agent: octoload-health-check\r\nConnection: close\r\n\r\n',
  )
})

test('sends the method and headers of the config, which take the place of its own', async () => {
  const server = await rawServer(answering('HTTP/1.1 200 OK\r\n\r\n'))
  await probe({ method: 'HEAD', headers: { host: 'shop.example', 'X-Check': 'yes' } }, server.config)
  assert.match(server.received(), /^HEAD \/ HTTP\/1\.1\r\n/)
  assert.match(server.received(), /^host: shop\.example\r$/m)
  assert.match(server.received(), /^X-Check: yes\r$/m)
  assert.doesNotMatch(server.received(), /127\.0\.0\.1/)
})

test('a HEAD answer needs no body', async () => {
  const answer = answering('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n')
  assert.equal(await verdict(answer, { method: 'HEAD' }), 'ok status 200')
})

test('names the status that came and those expected', async () => {
  const answer = answering('HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n')
  assert.equal(await verdict(answer), 'bad status 500, expected 200')
  const statuses = [
    { from: 200, to: 299 },
    { from: 401, to: 401 },
  ]
  assert.equal(await verdict(answer, { statuses }), 'bad status 500, expected 200-299 or 401')
})

test('accepts a status inside a range, its ends included', async () => {
  const statuses = [{ from: 204, to: 206 }]
  for (const status of [204, 205, 206]) {
    assert.equal(await verdict(answering(`HTTP/1.1 ${status} X\r\n\r\n`), { statuses }), `ok status ${status}`)
  }
  for (const status of [203, 207]) {
    const answer = answering(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`)
    assert.equal(await verdict(answer, { statuses }), `bad status ${status}, expected 204-206`)
  }
})

test('does not follow a redirect, but shows where it leads', async () => {
  const answer = answering('HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n')
  assert.equal(await verdict(answer), 'bad status 302 (redirects to /login), expected 200')
})

test('reads past interim answers', async () => {
  assert.equal(await verdict(answering('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n')), 'ok status 200')
})

test('an upgrade that nobody asked for is a status like any other', async () => {
  const answer = answering('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nbytes')
  assert.equal(await verdict(answer), 'bad status 101, expected 200')
})

test('finds the text in the body, also when it comes in pieces', async () => {
  const whole = answering('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nit is ok')
  assert.equal(await verdict(whole, { body_contains: 'is ok' }), 'ok status 200')
  const inPieces = (socket: Socket): void => {
    socket.setNoDelay(true)
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab ré'.replace('é', '\xc3'), 'latin1')
    setTimeout(() => socket.write('\r\n3\r\n\xa9a\r\n\r\n', 'latin1'), 20)
    setTimeout(() => socket.write('dy yes', 'latin1'), 40)
  }
  assert.equal(await verdict(inPieces, { body_contains: 'réa' }), 'ok status 200')
})

test('says which text the body lacks', async () => {
  const answer = answering('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnope')
  assert.equal(await verdict(answer, { body_contains: 'ok' }), 'bad body does not contain "ok"')
  const empty = answering('HTTP/1.1 204 No Content\r\n\r\n')
  const statuses = [{ from: 204, to: 204 }]
  assert.equal(await verdict(empty, { body_contains: 'ok', statuses }), 'bad body does not contain "ok"')
})

test('reads no more than 64 KiB of an endless body, then closes', async () => {
  const endless = (socket: Socket): void => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    const block = Buffer.alloc(16 * 1024, 'x')
    const push = (): void => {
      while (!socket.destroyed && socket.write(block));
    }
    socket.on('drain', push)
    push()
  }
  assert.equal(await verdict(endless, { body_contains: 'ok' }), 'bad body does not contain "ok"')
})

test('looks at exactly the first 64 KiB of the body', async () => {
  const body = (before: number): string => `${'x'.repeat(before)}ok${'x'.repeat(65_536)}`
  const answer = (before: number): ((socket: Socket) => void) =>
    answering(`HTTP/1.1 200 OK\r\nContent-Length: ${body(before).length}\r\n\r\n${body(before)}`)
  assert.equal(await verdict(answer(65_534), { body_contains: 'ok' }), 'ok status 200')
  assert.equal(await verdict(answer(65_535), { body_contains: 'ok' }), 'bad body does not contain "ok"')
})

test('a body that breaks off before the text is a failure', async () => {
  const answer = (socket: Socket): void => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
  }
  assert.equal(await verdict(answer, { body_contains: 'ok' }), 'bad connection closed inside the body')
})

test('a body of broken chunks is a malformed answer', async () => {
  const answer = answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n')
  assert.match(await verdict(answer, { body_contains: 'ok' }), /^bad malformed answer/)
})

test('a body that the end of the connection ends is searched whole', async () => {
  const answer = (body: string) => (socket: Socket) => {
    socket.end(`HTTP/1.1 200 OK\r\n\r\n${body}`)
  }
  assert.equal(await verdict(answer('it is ok'), { body_contains: 'ok' }), 'ok status 200')
  assert.equal(await verdict(answer('it is not'), { body_contains: 'ok' }), 'bad body does not contain "ok"')
})

test('refused, reset and closed connections are told apart', async () => {
  const port = await freePort()
  const gone = serverConfig('127.0.0.1', port)
  assert.deepEqual(await probe({}, gone), { ok: false, detail: 'connection refused' })
  assert.deepEqual(await probe({ kind: 'tcp' }, gone), { ok: false, detail: 'connection refused' })
  assert.equal(await verdict((socket) => socket.resetAndDestroy()), 'bad connection reset')
  assert.equal(await verdict((socket) => socket.end()), 'bad connection closed without an answer')
})

test('a refusal on every address of a name is one refusal', async () => {
  const port = await freePort()
  const server = serverConfig('localhost', port)
  assert.deepEqual(await probe({}, server), { ok: false, detail: 'connection refused' })
})

test('a name that nobody knows is said to be unknown', async () => {
  const server = serverConfig('nobody.invalid', 80)
  for (const kind of ['http', 'tcp'] as const) {
    assert.deepEqual(await probe({ kind }, server), {
      ok: false,
      detail: 'could not resolve the name nobody.invalid',
    })
  }
})

test('bytes that are not HTTP are a malformed answer', async () => {
  assert.match(await verdict(answering('220 mail.example ESMTP\r\n')), /^bad malformed answer/)
  const bigHead = `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`
  assert.equal(await verdict(answering(bigHead)), 'bad malformed answer (head too large)')
})

test('a server that accepts but never answers fails at the time-out, and the connection is closed', async () => {
  const server = await rawServer()
  const timeout = new AbortController()
  const result = probe({ timeout: 5000 }, server.config, timeout.signal)
  await until(() => server.received() !== '')
  timeout.abort()
  assert.deepEqual(await result, { ok: false, detail: 'no answer within 5 s' })
  await server.allClosed()
})

test('a body that drips past the time-out fails, one that is complete in time passes', async () => {
  let dripped = 0
  const dripping = await rawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    const timer = setInterval(() => socket.write('x', () => dripped++), 2)
    socket.on('close', () => clearInterval(timer))
  })
  const timeout = new AbortController()
  const result = probe({ timeout: 250, body_contains: 'ok' }, dripping.config, timeout.signal)
  await until(() => dripped > 3)
  timeout.abort()
  assert.deepEqual(await result, { ok: false, detail: 'no complete body within 250 ms' })
  await dripping.allClosed()

  const slow = (socket: Socket): void => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    for (const [at, byte] of [...'it is ok'].entries()) setTimeout(() => socket.write(byte), 3 * at)
  }
  assert.equal(await verdict(slow, { body_contains: 'ok' }), 'ok status 200')
})

test('a signal that was aborted before starts nothing', async () => {
  const server = await rawServer()
  for (const kind of ['http', 'tcp'] as const) {
    assert.equal((await probe({ kind }, server.config, AbortSignal.abort())).ok, false)
  }
  await server.allClosed()
  assert.equal(server.received(), '')
})

test('an IPv6 server is reached with or without brackets', async (t) => {
  const server = await rawServer(answering('HTTP/1.1 200 OK\r\n\r\n'), '::1').catch(() => undefined)
  if (server === undefined) return t.skip('this machine has no IPv6')
  assert.equal((await probe({}, server.config)).ok, true)
  assert.equal((await probe({}, { ...server.config, host: '::1' })).ok, true)
  assert.equal((await probe({ kind: 'tcp' }, server.config)).ok, true)
  assert.match(server.received(), /^Host: \[::1\]:\d+\r$/m)
})

test('probes another port when one is given, and still names the server as host', async () => {
  const port = await freePort()
  const server = serverConfig('127.0.0.1', port)
  const side = await rawServer(answering('HTTP/1.1 200 OK\r\n\r\n'))
  assert.equal((await probe({ port: side.config.port }, server)).ok, true)
  assert.match(side.received(), new RegExp(`^Host: 127\\.0\\.0\\.1:${port}\r$`, 'm'))
  assert.equal((await probe({ kind: 'tcp', port: side.config.port }, server)).ok, true)
})

test('a check that cannot be written fails without touching the network', async () => {
  const server = await rawServer()
  for (const config of [{ path: '/a b' }, { headers: { 'X-A': 'a\r\nb' } }, { headers: { 'X A': 'a' } }]) {
    const result = await probe(config, server.config)
    assert.equal(result.ok, false)
    assert.match(result.detail, /^the check cannot be sent: /)
  }
  assert.equal(server.received(), '')
})

test('a TCP check only connects, and closes again', async () => {
  const server = await rawServer()
  const result = await probe({ kind: 'tcp' }, server.config)
  assert.match(result.detail, /^connected in \d+ ms$/)
  assert.equal(result.ok, true)
  await server.allClosed()
  assert.equal(server.received(), '')
})

test('leaves no listener on a signal that outlives it', async () => {
  const server = await rawServer(answering('HTTP/1.1 200 OK\r\n\r\n'))
  const { signal } = new AbortController()
  for (const kind of ['http', 'tcp'] as const) {
    const result = probe({ kind }, server.config, signal)
    assert.equal(getEventListeners(signal, 'abort').length, 1)
    await result
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  }
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
