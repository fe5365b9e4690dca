// Where a message ends when it does not say so itself: interim responses, responses without a body, and responses that
// come before the request is over (RFC 9112 sections 6 and 9, RFC 9110 section 15).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBalancer, startPair } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { readRequest, readRequestHead, readResponseHead } from '../support/message.ts'
import { answers, ok, startOrigin, startRefusingOrigin } from '../support/origin.ts'

// Interim responses

test('passes Expect: 100-continue on, and the 100 back before the body is sent', async (t) => {
  const { origin, balancer } = await startPair(t)
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
  const { origin, balancer } = await startPair(t)
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
  const { origin, balancer } = await startPair(t)
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
  const { balancer } = await startPair(
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
    const { origin, balancer } = await startPair(
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
  const { balancer } = await startPair(t, async (connection) => {
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
  const { origin, balancer } = await startPair(t)
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
  const { origin, balancer } = await startPair(t, async (connection, number) => {
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
  const { balancer } = await startPair(t, async (connection) => {
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
