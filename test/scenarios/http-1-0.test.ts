// Clients and servers that speak HTTP/1.0 (RFC 9112 sections 2.3, 6 and 9.3).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startPair } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { type Request, readRequest } from '../support/message.ts'
import { answers, ok } from '../support/origin.ts'

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'

test('answers an HTTP/1.0 client and closes the connection', async (t) => {
  const { balancer } = await startPair(t, answers(ok('old')))
  const client = await balancer.connect()
  client.send('GET / HTTP/1.0\r\nHost: test\r\n\r\n')
  const answer = await client.response()
  assert.equal(answer.text, 'old')
  assert.equal(answer.get('connection'), 'close')
  assert.equal(await client.over(), 'end')
})

test('keeps the connection of an HTTP/1.0 client that asks for it', async (t) => {
  const { balancer } = await startPair(t, answers(ok('old')))
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
  const { origin, balancer } = await startPair(t, answers(ok(), seen))
  assert.equal((await balancer.exchange('GET / HTTP/1.0\r\n\r\n')).status, 200)
  assert.equal(seen[0]?.startLine, 'GET / HTTP/1.1')
  assert.deepEqual(seen[0]?.all('host'), [`127.0.0.1:${origin.port}`])
})

for (const connection of ['close', 'keep-alive']) {
  test(`takes the chunks out of a response for an HTTP/1.0 client (${connection})`, async (t) => {
    const { balancer } = await startPair(t, answers(CHUNKED))
    const client = await balancer.connect()
    client.send(`GET / HTTP/1.0\r\nHost: test\r\nConnection: ${connection}\r\n\r\n`)
    const answer = await client.response()
    assert.equal(answer.get('transfer-encoding'), undefined)
    assert.equal(answer.text, 'abcde')
    if (answer.get('content-length') === undefined) assert.equal(answer.get('connection'), 'close')
  })
}

test('takes the chunks out of a response that comes byte by byte, for an HTTP/1.0 client', async (t) => {
  const { balancer } = await startPair(t, async (connection) => {
    await readRequest(connection)
    await connection.drip(CHUNKED.replace('0\r\n\r\n', '0\r\nX-Trailer: gone\r\n\r\n'))
  })
  const answer = await balancer.exchange('GET / HTTP/1.0\r\nHost: test\r\n\r\n')
  assert.equal(answer.text, 'abcde')
})

test('keeps interim responses from an HTTP/1.0 client', async (t) => {
  const { balancer } = await startPair(t, answers(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok()}`))
  assert.equal((await balancer.exchange('GET / HTTP/1.0\r\nHost: test\r\n\r\n')).status, 200)
})

test('reads the response of a server that speaks HTTP/1.0, and does not use its connection again', async (t) => {
  const { origin, balancer } = await startPair(t, answers('HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold'))
  const client = await balancer.connect()
  for (let request = 0; request < 2; request++) {
    client.send(get())
    const answer = await client.response()
    assert.equal(answer.startLine, 'HTTP/1.1 200 OK')
    assert.equal(answer.text, 'old')
  }
  assert.equal(origin.connections.length, 2)
})
