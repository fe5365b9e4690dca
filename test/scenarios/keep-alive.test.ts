// Connections to servers are used again, for as long as the server wants and no longer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { get, post } from '../support/client.ts'
import { answers, ok, startHttpOrigin, startOrigin } from '../support/origin.ts'
import { eventually } from '../support/wait.ts'

test('requests one after another share one connection to the server', async (t) => {
  const origin = await startHttpOrigin(t, (request, response) => {
    request.resume().on('end', () => response.end('fine'))
  })
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  for (let request = 0; request < 20; request++) {
    client.send(request % 2 === 0 ? get() : post('body'))
    assert.equal((await client.response()).text, 'fine')
  }
  assert.equal(origin.requests, 20)
  assert.equal(origin.connections, 1)
})

test('clients share the connections to the server', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin] })
  for (let client = 0; client < 5; client++) await balancer.exchange(get())
  assert.equal(origin.connections.length, 1)
})

test('a client that closes each connection does not close those to the server', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin] })
  for (let client = 0; client < 5; client++) {
    const answer = await balancer.exchange(get('/', 'Connection: close'))
    assert.equal(answer.get('connection'), 'close')
  }
  assert.equal(origin.connections.length, 1)
  assert.doesNotMatch(origin.text, /connection: *close/i)
})

test('a server that says close is believed, and the client keeps its connection', async (t) => {
  const origin = await startOrigin(t, answers(ok('fine', 'Connection: close')))
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  for (let request = 0; request < 3; request++) {
    client.send(get())
    const answer = await client.response()
    assert.equal(answer.text, 'fine')
    assert.equal(answer.get('connection'), undefined)
  }
  assert.equal(origin.connections.length, 3)
})

test('closes an idle connection before the server would (Keep-Alive: timeout)', async (t) => {
  const origin = await startOrigin(t, answers(ok('fine', 'Keep-Alive: timeout=2')))
  const balancer = await startBalancer(t, { servers: [origin] })
  const begin = performance.now()
  await balancer.exchange(get())
  assert.equal(await origin.connections[0]!.over(), 'end')
  const kept = performance.now() - begin
  assert.ok(kept < 2000, `it was kept for ${kept} ms`)
})

test('closes an idle connection when it has waited long enough', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin], connections: { idle_timeout: '100ms' } })
  await balancer.exchange(get())
  await origin.connections[0]!.over()
  await eventually(() => balancer.lb.metrics().servers[0]?.connectionsActive === 0, 'the connection to be gone')
  assert.equal(balancer.lb.metrics().servers[0]?.connectionsIdle, 0)
})

test('keeps no more idle connections than it may', async (t) => {
  const origin = await startHttpOrigin(t, (_request, response) => {
    setTimeout(() => response.end('fine'), 50)
  })
  const balancer = await startBalancer(t, { servers: [origin], connections: { idle_per_server: 2 } })
  const client = () => balancer.exchange(get())
  await Promise.all([client(), client(), client(), client(), client()])
  await eventually(() => balancer.lb.metrics().servers[0]?.connectionsActive === 2, 'two connections to be left')
  assert.equal(balancer.lb.metrics().servers[0]?.connectionsIdle, 2)
})

test('a connection that the server closes while it is idle is forgotten, and nobody notices', async (t) => {
  const origin = await startOrigin(t, answers(ok('fine')))
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  client.send(post('1'))
  await client.response()
  origin.connections[0]!.end()
  await eventually(() => balancer.lb.metrics().servers[0]?.connectionsActive === 0, 'the connection to be gone')
  client.send(post('2'))
  assert.equal((await client.response()).text, 'fine')
})
