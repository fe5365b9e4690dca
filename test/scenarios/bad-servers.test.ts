// Servers that answer with nonsense, with too much, or with half: 502, or a response that the client sees as broken.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { readRequest } from '../support/message.ts'
import { answers, ok, startOrigin } from '../support/origin.ts'
import { EndedError, type Wire } from '../support/wire.ts'

const owner = { after }
let answer: (connection: Wire) => void = () => {}
const origin = await startOrigin(owner, async (connection) => {
  while (await connection.more()) {
    await readRequest(connection)
    answer(connection)
  }
  connection.end()
})
const balancer = await startBalancer(owner, {
  servers: [origin],
  limits: { response_head_size: '4KiB' },
  retries: { attempts: 0 },
})

const malformed: Record<string, string> = {
  'no HTTP at all': 'hello, world\r\n\r\n',
  'a status of two digits': 'HTTP/1.1 99 Odd\r\n\r\n',
  'a status of four digits': 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n',
  'a status beyond 599': 'HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n',
  'another version': 'HTTP/2 200\r\nContent-Length: 0\r\n\r\n',
  'lines that end in LF only': 'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
  'a line that ends in LF only': 'HTTP/1.1 200 OK\r\nX: y\nContent-Length: 0\r\n\r\n',
  'a folded header': 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n',
  'space before a colon': 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n',
  'a NUL in a value': 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n',
  'a bare CR in a value': 'HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n',
  'a line without a colon': 'HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 0\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc',
  'a length with a sign': 'HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab',
  'a length and a coding': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'an unknown coding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc',
  'a bad chunk at once': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
  'a head longer than allowed': `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(5000)}\r\nContent-Length: 0\r\n\r\n`,
  'a head longer than allowed that never ends': `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(5000)}`,
}
for (const [name, bytes] of Object.entries(malformed)) {
  test(`answers 502 to ${name}, and passes no byte of it on`, async () => {
    answer = (connection) => connection.send(bytes)
    const client = await balancer.connect()
    client.send(get())
    assert.equal((await client.response()).status, 502)
    answer = (connection) => connection.send(ok('good'))
    client.send(get())
    assert.equal((await client.response()).text, 'good', 'the client goes on with its connection')
  })
}

const silent: Record<string, (connection: Wire) => void> = {
  'closes without a byte': (connection) => connection.end(),
  'breaks the connection without a byte': (connection) => connection.reset(),
  'closes in mid-head': (connection) => connection.end('HTTP/1.1 200 OK\r\nContent-'),
  'breaks the connection in mid-head': (connection) => {
    connection.send('HTTP/1.1 200 OK\r\nContent-')
    setTimeout(() => connection.reset(), 20)
  },
  'closes after an interim response': (connection) => connection.end('HTTP/1.1 103 Early Hints\r\n\r\n'),
}
for (const [name, behaviour] of Object.entries(silent)) {
  test(`answers 502 when the server ${name}`, async () => {
    answer = behaviour
    const client = await balancer.connect()
    client.send(get())
    let response = await client.response()
    if (response.status === 103) response = await client.response()
    assert.equal(response.status, 502)
  })
}

const broken: Record<string, (connection: Wire) => void> = {
  'a length that is not reached': (connection) => connection.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345'),
  'chunks without the last one': (connection) =>
    connection.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n'),
  'a chunk that is cut': (connection) => connection.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12'),
  'a chunk that is malformed': (connection) => {
    connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n')
    setTimeout(() => connection.send('zz\r\n0\r\n\r\n'), 20)
  },
  'a trailer that is missing': (connection) =>
    connection.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\nX: '),
  'a reset where the close is the end': (connection) => {
    connection.send('HTTP/1.1 200 OK\r\n\r\n12345')
    setTimeout(() => connection.reset(), 20)
  },
  'a reset in a body with a length': (connection) => {
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345')
    setTimeout(() => connection.reset(), 20)
  },
}
for (const [name, behaviour] of Object.entries(broken)) {
  for (const version of ['1.1', '1.0']) {
    test(`an HTTP/${version} client sees a broken response as broken: ${name}`, async () => {
      answer = behaviour
      const client = await balancer.connect()
      client.send(`GET / HTTP/${version}\r\nHost: test\r\n\r\n`)
      await assert.rejects(client.response(), EndedError)
    })
  }
}

test('the log says that a response broke off, and not that its good status was the failure', async (t) => {
  const origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345')
    connection.end()
  })
  const mine = await startBalancer(t, { servers: [origin] })
  await assert.rejects(mine.exchange(get('/half')), EndedError)
  await mine.logged(new RegExp(`WARN Response broke off after status 200: GET /half: .* \\(server ${origin.url}\\)$`))
  assert.equal(mine.countLogged(/failed/), 0)
})

test('what a server sends beyond its response answers nobody', async (t) => {
  const origin = await startOrigin(t, async (connection, number) => {
    await readRequest(connection)
    connection.send(number === 1 ? `${ok('first')}${ok('poison')}` : ok('clean'))
  })
  const mine = await startBalancer(t, { servers: [origin] })
  const client = await mine.connect()
  client.send(get('/1'))
  assert.equal((await client.response()).text, 'first')
  client.send(get('/2'))
  assert.equal((await client.response()).text, 'clean')
})

test('what a server sends on an idle connection answers nobody', async (t) => {
  const origin = await startOrigin(t, async (connection, number) => {
    await readRequest(connection)
    connection.send(number === 1 ? ok('first') : ok('clean'))
  })
  const mine = await startBalancer(t, { servers: [origin] })
  const client = await mine.connect()
  client.send(get('/1'))
  assert.equal((await client.response()).text, 'first')
  const connection = await origin.nextConnection()
  connection.send(ok('poison'))
  await connection.over()
  client.send(get('/2'))
  assert.equal((await client.response()).text, 'clean')
})

test('a body behind HEAD, 204 or 304 answers nobody', async (t) => {
  const script = answers((request) => {
    if (request.target === '/next') return ok('clean')
    return `HTTP/1.1 ${request.target.slice(1)}\r\nX: y\r\n\r\n${ok('poison')}`
  })
  const origin = await startOrigin(t, script)
  const mine = await startBalancer(t, { servers: [origin] })
  const client = await mine.connect()
  for (const [method, target] of [
    ['HEAD', '/200'],
    ['GET', '/204'],
    ['GET', '/304'],
  ]) {
    client.send(`${method} ${target} HTTP/1.1\r\nHost: test\r\n\r\n`)
    await client.response(method)
    client.send(get('/next'))
    assert.equal((await client.response()).text, 'clean')
  }
})

test('counts every broken or malformed answer as a failure of the server', async (t) => {
  const origin = await startOrigin(t, answers('nonsense\r\n\r\n'))
  const mine = await startBalancer(t, { servers: [origin], retries: { attempts: 0 } })
  await mine.exchange(get())
  const metrics = mine.lb.metrics()
  assert.equal(metrics.totals.failed, 1)
  assert.equal(metrics.failures.bad_response, 1)
  assert.equal(metrics.servers[0]?.failed, 1)
  await mine.logged(/502.*GET \/.*/)
})
