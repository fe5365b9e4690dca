// Several listeners, and routes by host, path and method to several upstreams.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { exchange, get } from '../support/client.ts'
import { answers, ok, startOrigin } from '../support/origin.ts'

const owner = { after }
const names = ['main', 'api', 'shop', 'wild', 'write'] as const
const upstreams = Object.fromEntries(
  await Promise.all(
    names.map(async (name) => {
      const origin = await startOrigin(owner, answers(ok(name)))
      return [name, { servers: [origin.url] }]
    }),
  ),
)

const balancer = await startBalancer(owner, {
  listeners: [
    { name: 'front', address: '127.0.0.1', port: 0 },
    { name: 'back', address: '127.0.0.1', port: 0 },
  ],
  upstreams,
  routes: [
    { match: { hosts: ['shop.example'] }, upstream: 'shop' },
    { match: { hosts: ['*.wild.example'] }, upstream: 'wild' },
    { match: { path_prefix: '/api' }, upstream: 'api' },
    { match: { path_prefix: '/api', methods: ['POST'] }, upstream: 'write' },
    { match: { hosts: ['test'] }, upstream: 'main' },
  ],
})

const cases: [method: string, host: string, target: string, upstream: string][] = [
  ['GET', 'test', '/', 'main'],
  ['GET', 'test', '/apix', 'main'],
  ['GET', 'else', '/api', 'api'],
  ['GET', 'else', '/api/x?y', 'api'],
  ['GET', 'else', '/api?y', 'api'],
  ['POST', 'else', '/api/x', 'write'],
  ['GET', 'shop.example', '/any', 'shop'],
  ['GET', 'SHOP.Example:8080', '/any', 'shop'],
  ['GET', 'a.wild.example', '/any', 'wild'],
  ['GET', 'a.b.wild.example', '/any', 'wild'],
  ['GET', 'ignored', 'http://shop.example/any', 'shop'],
]
for (const [method, host, target, upstream] of cases) {
  test(`${method} ${target} of ${host} goes to ${upstream}`, async () => {
    assert.equal((await balancer.exchange(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).text, upstream)
  })
}

test('answers 404 where no route leads', async () => {
  const answer = await balancer.exchange('GET / HTTP/1.1\r\nHost: nowhere\r\n\r\n')
  assert.equal(answer.status, 404)
  assert.match(answer.text, /^404 Not Found: /)
})

test('requests on one connection may go to different upstreams', async () => {
  const client = await balancer.connect()
  client.send(get('/') + get('/', 'X: y').replace('Host: test', 'Host: shop.example') + get('/'))
  assert.equal((await client.response()).text, 'main')
  assert.equal((await client.response()).text, 'shop')
  assert.equal((await client.response()).text, 'main')
})

test('every listener has its own port and the same routes', async (t) => {
  const [front, back] = balancer.lb.addresses
  assert.deepEqual([front?.name, back?.name], ['front', 'back'])
  assert.notEqual(front?.port, back?.port)
  for (const listener of [front, back]) assert.equal((await exchange(t, listener!.port, get())).text, 'main')
})

test('a port in use is refused with the code of the system, and nothing is left running', async (t) => {
  for (const workers of [1, 2]) {
    const setup = { servers: [], listeners: [{ address: '127.0.0.1', port: balancer.port }], workers }
    await assert.rejects(startBalancer(t, setup), { code: 'EADDRINUSE' })
  }
})
