// One connection of a client, one request after another: each is answered in its turn (RFC 9112 section 9.3.2).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startPair } from '../support/balancer.ts'
import { get, post } from '../support/client.ts'
import { readRequest } from '../support/message.ts'
import { answers, ok } from '../support/origin.ts'

test('answers 20 pipelined requests in order', async (t) => {
  const { balancer } = await startPair(
    t,
    answers((request) => ok(request.target)),
  )
  const client = await balancer.connect()
  const targets = Array.from({ length: 20 }, (_, number) => `/${number}`)
  client.send(targets.map((target) => get(target)).join(''))
  for (const target of targets) assert.equal((await client.response()).text, target)
})

test('answers pipelined requests in order whatever their bodies and however their bytes are cut', async (t) => {
  const { balancer } = await startPair(
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
  const { origin, balancer } = await startPair(t, answers(ok('good')))
  const client = await balancer.connect()
  client.send(`${get('/1')}${get('/2')}NONSENSE\r\n\r\n${get('/3')}`)
  assert.equal((await client.response()).text, 'good')
  assert.equal((await client.response()).text, 'good')
  assert.equal((await client.response()).status, 400)
  assert.equal(await client.over(), 'end')
  assert.doesNotMatch(origin.text, /\/3/)
})

test('answers more pipelined requests than it keeps in memory, in order', async (t) => {
  const { origin, balancer } = await startPair(t)
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

test('accepts an empty line before a request', async (t) => {
  const { balancer } = await startPair(t, answers(ok('fine')))
  const client = await balancer.connect()
  client.send(`\r\n${get()}`)
  assert.equal((await client.response()).text, 'fine')
})

test('closes the connection after the response when the client asks for it', async (t) => {
  const { balancer } = await startPair(t, answers(ok('last')))
  const client = await balancer.connect()
  client.send(get('/', 'Connection: close') + get('/never'))
  const answer = await client.response()
  assert.equal(answer.text, 'last')
  assert.equal(answer.get('connection'), 'close')
  assert.equal((await client.rest()).length, 0)
})
