// The answers that the balancer gives itself: short, in the client's format, counted, and with a reason in the log.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { startRefusingOrigin } from '../support/origin.ts'

const owner = { after }
const refusing = await startRefusingOrigin(owner)
const balancer = await startBalancer(owner, { servers: [refusing], passive_health: { connect_failures: 0 } })

test('answers in text unless told otherwise', async () => {
  for (const accept of [[], ['Accept: */*'], ['Accept: text/html, application/json;q=0.5']]) {
    const answer = await balancer.exchange(get('/', ...accept))
    assert.equal(answer.status, 502)
    assert.equal(answer.get('content-type'), 'text/plain; charset=utf-8')
    assert.match(answer.text, /^502 Bad Gateway: .+\n$/)
    assert.match(answer.get('date') ?? '', /GMT$/)
  }
})

test('answers in JSON to a client that prefers it', async () => {
  for (const accept of ['application/json', 'application/problem+json, text/plain;q=0.5']) {
    const answer = await balancer.exchange(get('/', `Accept: ${accept}`))
    assert.equal(answer.get('content-type'), 'application/json')
    const { status, error, message } = JSON.parse(answer.text)
    assert.equal(status, 502)
    assert.equal(error, 'connect_refused')
    assert.ok(message.length > 10)
  }
})

test('answers HEAD without a body, and keeps the connection', async () => {
  const client = await balancer.connect()
  client.send('HEAD / HTTP/1.1\r\nHost: test\r\n\r\n')
  const head = await client.response('HEAD')
  assert.equal(head.status, 502)
  client.send(get())
  const full = await client.response()
  assert.equal(full.get('content-length'), head.get('content-length'))
})

test('counts them as failed, and logs the reason with method, target and server', async (t) => {
  const mine = await startBalancer(t, { servers: [refusing], passive_health: { connect_failures: 0 } })
  const answer = await mine.exchange(get('/some/where?x=1'))
  // The line is the last thing, so everything is counted by then.
  const [line] = await mine.logged(/Request failed with 502: .*/)
  const { totals, failures, ownAnswers } = mine.lb.metrics()
  assert.equal(totals.requests, 1)
  assert.equal(totals.failed, 1)
  assert.equal(failures.connect_refused, 1)
  assert.equal(totals.responseBytes, answer.text.length)
  assert.deepEqual(ownAnswers, { '502': 1 })
  assert.match(line, /GET \/some\/where\?x=1/)
  assert.match(line, /connection refused/)
  assert.ok(line.includes(refusing.url))
})

test('answers 503 with Retry-After when there is no server', async (t) => {
  const empty = await startBalancer(t, { servers: [] })
  const answer = await empty.exchange(get())
  assert.equal(answer.status, 503)
  assert.match(answer.get('retry-after') ?? '', /^\d+$/)
  assert.match(answer.text, /no healthy server/i)
})
