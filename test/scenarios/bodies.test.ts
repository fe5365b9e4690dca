// Bodies flow through byte for byte, at once, and never whole in memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { get, post } from '../support/client.ts'
import { type Request, readChunk, readRequest, readRequestHead, readResponseHead } from '../support/message.ts'
import { answers, ok, startOrigin } from '../support/origin.ts'
import { bytesFrom, digest, newSeed } from '../support/random.ts'
import { pause } from '../support/wait.ts'

const MIB = 1024 * 1024

test('passes a request body with a length on', async (t) => {
  const seen: Request[] = []
  const origin = await startOrigin(t, answers(ok(), seen))
  const balancer = await startBalancer(t, { servers: [origin] })
  await balancer.exchange(post('hello, body'))
  assert.equal(seen[0]?.get('content-length'), '11')
  assert.equal(seen[0]?.text, 'hello, body')
})

test('passes an empty body with a length of 0 on', async (t) => {
  const seen: Request[] = []
  const origin = await startOrigin(t, answers(ok(''), seen))
  const balancer = await startBalancer(t, { servers: [origin] })
  const answer = await balancer.exchange(post(''))
  assert.equal(seen[0]?.get('content-length'), '0')
  assert.equal(answer.get('content-length'), '0')
})

test('passes chunked bodies and their trailers on, both ways', async (t) => {
  const seen: Request[] = []
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n'
  const script = answers(
    `${chunked}3;ext="a;b"\r\nabc\r\n00A\r\n0123456789\r\n0\r\nX-Sum: 13\r\nx-more: yes\r\n\r\n`,
    seen,
  )
  const origin = await startOrigin(t, script)
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  client.send('POST / HTTP/1.1\r\nHost: test\r\ntransfer-encoding: CHUNKED\r\n\r\n')
  client.send('4\r\nsent\r\n1;x\r\n!\r\n000\r\nX-Check: 1\r\nx-check: 2\r\n\r\n')
  const answer = await client.response()
  assert.equal(seen[0]?.text, 'sent!')
  assert.deepEqual(seen[0]?.trailers, [
    ['X-Check', '1'],
    ['x-check', '2'],
  ])
  assert.equal(answer.text, 'abc0123456789')
  assert.deepEqual(answer.trailers, [
    ['X-Sum', '13'],
    ['x-more', 'yes'],
  ])
  client.send(get())
  assert.equal((await client.response()).text, 'abc0123456789', 'both connections go on')
  assert.equal(origin.connections.length, 1)
})

for (const framing of ['length', 'chunked']) {
  test(`keeps every byte of a body of 8 MiB by ${framing}, there and back`, async (t) => {
    const body = bytesFrom(newSeed(t), 8 * MIB)
    const origin = await startOrigin(t, async (connection) => {
      const request = await readRequest(connection)
      connection.send(`HTTP/1.1 200 OK\r\n${head(framing, request.body.length)}`)
      sendBody(connection, framing, request.body)
    })
    const balancer = await startBalancer(t, { servers: [origin] })
    const client = await balancer.connect()
    client.send(`POST / HTTP/1.1\r\nHost: test\r\n${head(framing, body.length)}`)
    sendBody(client, framing, body)
    const answer = await client.response()
    assert.equal(digest(answer.body), digest(body))
  })
}

test('bodies that flow at the same time never mix, however slowly some of them are read', async (t) => {
  const seed = newSeed(t)
  const body = (number: number) => bytesFrom(seed + number, 100_000 + 150_000 * number)
  const origin = await startOrigin(t, async (connection) => {
    // A connection whose exchange is over may get another one that begins late.
    while (await connection.more()) {
      const request = await readRequest(connection)
      const number = Number(request.target.slice(1))
      const framing = number % 2 === 0 ? 'length' : 'chunked'
      assert.equal(digest(request.body), digest(body(number)))
      connection.send(`HTTP/1.1 200 OK\r\n${head(framing, request.body.length)}`)
      sendBody(connection, framing, request.body)
    }
  })
  const balancer = await startBalancer(t, { servers: [origin] })
  const numbers = Array.from({ length: 16 }, (_, number) => number)
  const digests = await Promise.all(
    numbers.map(async (number) => {
      const client = await balancer.connect()
      const framing = number % 4 < 2 ? 'length' : 'chunked'
      client.send(`PUT /${number} HTTP/1.1\r\nHost: test\r\n${head(framing, body(number).length)}`)
      sendBody(client, framing, body(number))
      if (number % 3 === 0) {
        client.socket.pause()
        await pause(20 * number)
        client.socket.resume()
      }
      return digest((await client.response()).body)
    }),
  )
  assert.deepEqual(
    digests,
    numbers.map((number) => digest(body(number))),
  )
})

function head(framing: string, length: number): string {
  return framing === 'length' ? `Content-Length: ${length}\r\n\r\n` : 'Transfer-Encoding: chunked\r\n\r\n'
}

function sendBody(wire: { send(bytes: string | Buffer): unknown }, framing: string, body: Buffer): void {
  if (framing === 'length') {
    wire.send(body)
    return
  }
  for (let at = 0, size = 1; at < body.length; at += size, size = (size * 3) % 100_003) {
    const chunk = body.subarray(at, at + size)
    wire.send(`${chunk.length.toString(16)}\r\n`)
    wire.send(chunk)
    wire.send('\r\n')
  }
  wire.send('0\r\n\r\n')
}

test('streams a request: the server has the first bytes before the client sends the last', async (t) => {
  const origin = await startOrigin(t, () => {})
  const balancer = await startBalancer(t, { servers: [origin] })
  for (const framing of ['length', 'chunked']) {
    const client = await balancer.connect()
    const first = framing === 'length' ? 'first' : '5\r\nfirst\r\n'
    const last = framing === 'length' ? 'last' : '4\r\nlast\r\n0\r\n\r\n'
    client.send(`POST / HTTP/1.1\r\nHost: test\r\n${head(framing, 9)}${first}`)
    const connection = await origin.nextConnection()
    await connection.seen(/first/)
    client.send(last)
    assert.equal((await readRequest(connection)).text, 'firstlast')
    connection.send(ok())
    assert.equal((await client.response()).text, 'ok')
    connection.end()
  }
})

test('streams a response: the client has the first bytes before the server sends the last', async (t) => {
  const origin = await startOrigin(t, () => {})
  const balancer = await startBalancer(t, { servers: [origin] })
  for (const framing of ['length', 'chunked']) {
    const client = await balancer.connect()
    client.send(get())
    const connection = await origin.nextConnection()
    await readRequest(connection)
    connection.send(`HTTP/1.1 200 OK\r\n${head(framing, 9)}`)
    await readResponseHead(client)
    connection.send(framing === 'length' ? 'first' : '5\r\nfirst\r\n')
    await client.seen(/first/)
    connection.send(framing === 'length' ? 'last' : '4\r\nlast\r\n0\r\n\r\n')
    await client.seen(/last/)
    connection.end()
  }
})

test('passes server-sent events on the moment they come', async (t) => {
  const origin = await startOrigin(t, () => {})
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  client.send(get('/events', 'Accept: text/event-stream'))
  const connection = await origin.nextConnection()
  await readRequest(connection)
  connection.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
  assert.equal((await readResponseHead(client)).get('content-type'), 'text/event-stream')
  for (let number = 1; number <= 20; number++) {
    const event = `data: number ${number}\n\n`
    connection.send(`${event.length.toString(16)}\r\n${event}\r\n`)
    assert.equal((await readChunk(client)).toString(), event)
  }
})

test('accepts a body in single bytes', async (t) => {
  const seen: Request[] = []
  const origin = await startOrigin(t, answers(ok(), seen))
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  await client.drip(
    'POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n',
  )
  assert.equal((await client.response()).text, 'ok')
  assert.equal(seen[0]?.text, 'hello')
  assert.deepEqual(seen[0]?.trailers, [['X-T', '1']])
})

test('passes on a response that the server sends in single bytes', async (t) => {
  const origin = await startOrigin(t, async (connection) => {
    await readRequestHead(connection)
    await connection.drip('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n')
  })
  const balancer = await startBalancer(t, { servers: [origin] })
  const answer = await balancer.exchange(get())
  assert.equal(answer.text, 'hello')
  assert.deepEqual(answer.trailers, [['X-T', '1']])
})
