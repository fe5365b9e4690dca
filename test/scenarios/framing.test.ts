// Where one message ends and the next begins, on both sides: HTTP/1.0, pipelining, interim responses, responses
// without a body, and responses that come before the request is over (RFC 9112 sections 6 and 9).
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { get, post } from '../support/client.ts'
import { type Request, readRequest, readRequestHead, readResponseHead } from '../support/message.ts'
import { answers, type Origin, ok, type Script, startOrigin, startRefusingOrigin } from '../support/origin.ts'

async function start(t: TestContext, script?: Script): Promise<{ origin: Origin; balancer: Balancer }> {
  const origin = await startOrigin(t, script)
  return { origin, balancer: await startBalancer(t, { servers: [origin] }) }
}

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'

// HTTP/1.0

test('answers an HTTP/1.0 client and closes the connection', async (t) => {
  const { balancer } = await start(t, answers(ok('old')))
  const client = await balancer.connect()
  client.send('GET / HTTP/1.0\r\nHost: test\r\n\r\n')
  const answer = await client.response()
  assert.equal(answer.text, 'old')
  assert.equal(answer.get('connection'), 'close')
  assert.equal(await client.over(), 'end')
})

test('keeps the connection of an HTTP/1.0 client that asks for it', async (t) => {
  const { balancer } = await start(t, answers(ok('old')))
  const client = await balancer.connect()
  for (let request = 0; request < 3; request++) {
    client.send('GET / HTTP/1.0\r\nHost: test\r\nConnection: Keep-Alive\r\n\r\n')
    const answer = await client.response()
    assert.equal(answer.text, 'old')
    assert.equal(answer.get('connection')?.toLowerCase(), 'keep-alive')
  }
})

test('an HTTP/1.0 client without a Host is served, and the server still gets one', async (t) => {
  const seen: Request[] = []
  const { origin, balancer } = await start(t, answers(ok(), seen))
  assert.equal((await balancer.exchange('GET / HTTP/1.0\r\n\r\n')).status, 200)
  assert.equal(seen[0]?.startLine, 'GET / HTTP/1.1')
  assert.deepEqual(seen[0]?.all('host'), [`127.0.0.1:${origin.port}`])
})

for (const connection of ['close', 'keep-alive']) {
  test(`takes the chunks out of a response for an HTTP/1.0 client (${connection})`, async (t) => {
    const { balancer } = await start(t, answers(CHUNKED))
    const client = await balancer.connect()
    client.send(`GET / HTTP/1.0\r\nHost: test\r\nConnection: ${connection}\r\n\r\n`)
    const answer = await client.response()
    assert.equal(answer.get('transfer-encoding'), undefined)
    assert.equal(answer.text, 'abcde')
    if (answer.get('content-length') === undefined) assert.equal(answer.get('connection'), 'close')
  })
}

test('takes the chunks out of a response that comes byte by byte, for an HTTP/1.0 client', async (t) => {
  const { balancer } = await start(t, async (connection) => {
    await readRequest(connection)
    await connection.drip(CHUNKED.replace('0\r\n\r\n', '0\r\nX-Trailer: gone\r\n\r\n'))
  })
  const answer = await balancer.exchange('GET / HTTP/1.0\r\nHost: test\r\n\r\n')
  assert.equal(answer.text, 'abcde')
})

test('keeps interim responses from an HTTP/1.0 client', async (t) => {
  const { balancer } = await start(t, answers(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok()}`))
  assert.equal((await balancer.exchange('GET / HTTP/1.0\r\nHost: test\r\n\r\n')).status, 200)
})

test('reads the response of a server that speaks HTTP/1.0, and does not use its connection again', async (t) => {
  const { origin, balancer } = await start(t, answers('HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold'))
  const client = await balancer.connect()
  for (let request = 0; request < 2; request++) {
    client.send(get())
    const answer = await client.response()
    assert.equal(answer.startLine, 'HTTP/1.1 200 OK')
    assert.equal(answer.text, 'old')
  }
  assert.equal(origin.connections.length, 2)
})

// Pipelining

test('answers 20 pipelined requests in order', async (t) => {
  const { balancer } = await start(
    t,
    answers((request) => ok(request.target)),
  )
  const client = await balancer.connect()
  const targets = Array.from({ length: 20 }, (_, number) => `/${number}`)
  client.send(targets.map((target) => get(target)).join(''))
  for (const target of targets) assert.equal((await client.response()).text, target)
})

test('answers pipelined requests in order whatever their bodies and however their bytes are cut', async (t) => {
  const { balancer } = await start(
    t,
    answers((request) => ok(`${request.method} ${request.text}`)),
  )
  const chunked = 'POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n0\r\n\r\n'
  const requests = post('one') + chunked + get() + post('GET / HTTP/1.1\r\n\r\n') + get()
  const expected = ['POST one', 'POST xy', 'GET ', 'POST GET / HTTP/1.1\r\n\r\n', 'GET ']
  for (const size of [7, 64, 10_000]) {
    const client = await balancer.connect()
    await client.drip(requests, size)
    for (const text of expected) assert.equal((await client.response()).text, text)
  }
})

test('answers what was pipelined before a bad request, then refuses and closes', async (t) => {
  const { origin, balancer } = await start(t, answers(ok('good')))
  const client = await balancer.connect()
  client.send(`${get('/1')}${get('/2')}NONSENSE\r\n\r\n${get('/3')}`)
  assert.equal((await client.response()).text, 'good')
  assert.equal((await client.response()).text, 'good')
  assert.equal((await client.response()).status, 400)
  assert.equal(await client.over(), 'end')
  assert.doesNotMatch(origin.text, /\/3/)
})

test('answers more pipelined requests than it keeps in memory, in order', async (t) => {
  const { origin, balancer } = await start(t)
  const client = await balancer.connect()
  const targets = Array.from({ length: 300 }, (_, number) => `/${number}`)
  client.send(targets.map((target) => get(target, `X-Padding: ${'x'.repeat(2000)}`)).join(''))
  const connection = await origin.nextConnection()
  for (const target of targets) {
    assert.equal((await readRequest(connection)).target, target)
    connection.send(ok(target))
    assert.equal((await client.response()).text, target)
  }
})

test('a header block that repeats to the letter means what its request line says', async (t) => {
  const seen: Request[] = []
  const { balancer } = await start(t, answers(ok(), seen))
  const client = await balancer.connect()
  const block = 'Host: block\r\nConnection: keep-alive\r\n\r\n'
  const lines = [
    'GET /1 HTTP/1.1',
    'GET http://line/2 HTTP/1.1',
    'HEAD /3 HTTP/1.1',
    'GET /4 HTTP/1.0',
    'DELETE /5 HTTP/1.1',
  ]
  for (const line of lines) {
    client.send(`${line}\r\n${block}`)
    await client.response(line.split(' ', 1)[0])
  }
  assert.deepEqual(
    seen.map((request) => [request.startLine, request.get('host'), request.get('via')]),
    [
      ['GET /1 HTTP/1.1', 'block', '1.1 octoload'],
      ['GET /2 HTTP/1.1', 'line', '1.1 octoload'],
      ['HEAD /3 HTTP/1.1', 'block', '1.1 octoload'],
      ['GET /4 HTTP/1.1', 'block', '1.0 octoload'],
      ['DELETE /5 HTTP/1.1', 'block', '1.1 octoload'],
    ],
  )
})

for (const size of [1000, 15_000, 60_000]) {
  test(`passes heads of ${size} bytes on, whole and in pieces, both ways`, async (t) => {
    const value = 'v'.repeat(size - 500)
    const origin = await startOrigin(t, async (connection) => {
      for (let whole = true; await connection.more(); whole = false) {
        const request = await readRequest(connection)
        const response = ok(request.get('x-long') === value ? 'right' : 'wrong', `X-Long: ${value}`)
        await connection.drip(response, whole ? response.length : 997)
      }
    })
    const limits = { request_head_size: '64KiB', response_head_size: '64KiB' }
    const balancer = await startBalancer(t, { servers: [origin], limits })
    const client = await balancer.connect()
    for (const piece of [100_000, 997]) {
      await client.drip(get('/', `X-Long: ${value}`), piece)
      const answer = await client.response()
      assert.equal(answer.text, 'right')
      assert.equal(answer.get('x-long'), value)
    }
  })
}

test('accepts an empty line before a request', async (t) => {
  const { balancer } = await start(t, answers(ok('fine')))
  const client = await balancer.connect()
  client.send(`\r\n${get()}`)
  assert.equal((await client.response()).text, 'fine')
})

test('closes the connection after the response when the client asks for it', async (t) => {
  const { balancer } = await start(t, answers(ok('last')))
  const client = await balancer.connect()
  client.send(get('/', 'Connection: close') + get('/never'))
  const answer = await client.response()
  assert.equal(answer.text, 'last')
  assert.equal(answer.get('connection'), 'close')
  assert.equal((await client.rest()).length, 0)
})

// Interim responses

test('passes Expect: 100-continue on, and the 100 back before the body is sent', async (t) => {
  const { origin, balancer } = await start(t)
  const client = await balancer.connect()
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')
  const connection = await origin.nextConnection()
  const request = await readRequestHead(connection)
  assert.equal(request.get('expect'), '100-continue')
  connection.send('HTTP/1.1 100 Continue\r\n\r\n')
  assert.equal((await client.response()).status, 100)
  client.send('body')
  assert.equal((await connection.take(4)).toString(), 'body')
  connection.send(ok('thanks'))
  assert.equal((await client.response()).text, 'thanks')
  connection.end()
})

test('passes the 100 of the next server on when the first one cannot be reached', async (t) => {
  const refusing = await startRefusingOrigin(t)
  const origin = await startOrigin(t)
  const balancer = await startBalancer(t, { servers: [refusing, origin] })
  const client = await balancer.connect()
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')
  const connection = await origin.nextConnection()
  await readRequestHead(connection)
  connection.send('HTTP/1.1 100 Continue\r\n\r\n')
  assert.equal((await client.response()).status, 100)
  client.send('body')
  assert.equal((await connection.take(4)).toString(), 'body')
  connection.send(ok('thanks'))
  assert.equal((await client.response()).text, 'thanks')
})

test('passes a refusal of an expectation on without a 100, and takes no body for a request', async (t) => {
  const { origin, balancer } = await start(t)
  const client = await balancer.connect()
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 40\r\nExpect: 100-continue\r\n\r\n')
  const connection = await origin.nextConnection()
  await readRequestHead(connection)
  connection.send('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n')
  assert.equal((await client.response()).status, 417)
  client.send(get('/smuggled'))
  client.end()
  await client.over()
  assert.doesNotMatch(origin.text, /smuggled.*HTTP\/1.1\r\nHost/s)
  connection.end()
})

test('passes 103 Early Hints on, with its links, before the response', async (t) => {
  const { origin, balancer } = await start(t)
  const client = await balancer.connect()
  client.send(get())
  const connection = await origin.nextConnection()
  await readRequest(connection)
  connection.send('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>; rel=preload\r\n\r\n')
  const hints = await client.response()
  assert.equal(hints.status, 103)
  assert.deepEqual(hints.all('link'), ['</a.css>; rel=preload', '</b.js>; rel=preload'])
  connection.send(ok('page'))
  assert.equal((await client.response()).text, 'page')
  connection.end()
})

test('passes several interim responses on that come in one piece with the last', async (t) => {
  const { balancer } = await start(
    t,
    answers(`HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Hints\r\nLink: <x>\r\n\r\n${ok('end')}`),
  )
  const client = await balancer.connect()
  for (let request = 0; request < 2; request++) {
    client.send(get())
    assert.equal((await client.response()).status, 102)
    assert.equal((await client.response()).status, 103)
    assert.equal((await client.response()).text, 'end')
  }
})

// Responses without a body

const bodiless: [name: string, request: string, method: string, response: string][] = [
  ['HEAD', 'HEAD / HTTP/1.1\r\nHost: test\r\n\r\n', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n'],
  [
    'HEAD, chunked',
    'HEAD / HTTP/1.1\r\nHost: test\r\n\r\n',
    'HEAD',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  ],
  ['HEAD, no framing', 'HEAD / HTTP/1.1\r\nHost: test\r\n\r\n', 'HEAD', 'HTTP/1.1 200 OK\r\nX: y\r\n\r\n'],
  ['204', get(), 'GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['304 with a length', get(), 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\nETag: "x"\r\n\r\n'],
  ['304 without one', get(), 'GET', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'],
]
for (const [name, request, method, response] of bodiless) {
  test(`knows that the response has no body and goes on with both connections: ${name}`, async (t) => {
    const { origin, balancer } = await start(
      t,
      answers((received) => (received.target === '/' ? response : ok('next'))),
    )
    const client = await balancer.connect()
    client.send(request)
    const answer = await client.response(method)
    assert.equal(answer.get('content-length'), response.includes('5000') ? '5000' : undefined)
    client.send(get('/next'))
    assert.equal((await client.response()).text, 'next')
    assert.equal(origin.connections.length, 1)
  })
}

test('passes a response that ends with its connection on whole', async (t) => {
  const body = 'x'.repeat(100_000)
  const { balancer } = await start(t, async (connection) => {
    await readRequest(connection)
    connection.send(`HTTP/1.1 200 OK\r\n\r\n${body}`)
    connection.end('end')
  })
  for (const version of ['1.1', '1.0']) {
    const answer = await balancer.exchange(`GET / HTTP/${version}\r\nHost: test\r\n\r\n`)
    assert.equal(answer.text, `${body}end`)
  }
})

// Responses before the request is over

test('passes a response on while the request body is still coming, and then the rest of the body', async (t) => {
  const { origin, balancer } = await start(t)
  const client = await balancer.connect()
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n12345')
  const connection = await origin.nextConnection()
  await connection.seen('12345')
  connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcde')
  await readResponseHead(client)
  assert.equal((await client.take(5)).toString(), 'abcde')
  client.send('67890')
  await connection.seen('1234567890')
  connection.send('fghij')
  assert.equal((await client.take(5)).toString(), 'fghij')
  connection.end()
})

test('after a whole response to half a request it uses neither connection again', async (t) => {
  const { origin, balancer } = await start(t, async (connection, number) => {
    await connection.seen(/\r\n\r\n/)
    connection.send(number === 1 ? 'HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig' : ok('clean'))
  })
  const client = await balancer.connect()
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\npart')
  const answer = await client.response()
  assert.equal(answer.status, 413)
  assert.equal(answer.text, 'big')
  client.send(get('/smuggled'))
  assert.equal((await client.rest()).length, 0, 'the connection ends without another answer')
  assert.equal((await balancer.exchange(get('/clean'))).text, 'clean')
  assert.doesNotMatch(origin.connections[0]!.text, /clean/)
  assert.doesNotMatch(origin.connections[1]!.text, /smuggled/)
})

test('passes on the response of a server that answers early and closes, though the client goes on sending', async (t) => {
  const { balancer } = await start(t, async (connection) => {
    await connection.seen(/\r\n\r\n/)
    connection.end('HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig')
  })
  const client = await balancer.connect()
  client.send(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${8 * 1024 * 1024}\r\n\r\n`)
  client.send(Buffer.alloc(4 * 1024 * 1024))
  const answer = await client.response()
  assert.equal(answer.status, 413)
  assert.equal(answer.text, 'big')
})
