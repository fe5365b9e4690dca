// What the balancer tells servers about the client, and that clients cannot forge it.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Setup, startBalancer } from '../support/balancer.ts'
import { connect, get } from '../support/client.ts'
import type { Request } from '../support/message.ts'
import { answers, ok, startOrigin } from '../support/origin.ts'

/** A function that sends a request and resolves with what the server received. */
async function balancerWith(t: TestContext, forwarding: NonNullable<Setup['forwarding']>) {
  const seen: Request[] = []
  const origin = await startOrigin(t, answers(ok(), seen))
  const balancer = await startBalancer(t, { servers: [origin], forwarding })
  return async (bytes: string): Promise<Request> => {
    await balancer.exchange(bytes)
    return seen.at(-1)!
  }
}

const forged = [
  'X-Forwarded-For: 6.6.6.6',
  'x-forwarded-for: 7.7.7.7',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: evil.example',
  'Forwarded: for=6.6.6.6;proto=https',
]

test('sets X-Forwarded-For, -Proto, -Host and Via, and leaves Forwarded off', async (t) => {
  const request = await (await balancerWith(t, {}))(get())
  assert.deepEqual(request.all('x-forwarded-for'), ['127.0.0.1'])
  assert.deepEqual(request.all('x-forwarded-proto'), ['http'])
  assert.deepEqual(request.all('x-forwarded-host'), ['test'])
  assert.equal(request.get('via'), '1.1 octoload')
  assert.equal(request.get('forwarded'), undefined)
})

test('replaces forged forwarding headers of a client that is not trusted', async (t) => {
  const request = await (await balancerWith(t, { trusted_proxies: ['10.0.0.0/8', '127.0.0.2'] }))(get('/', ...forged))
  assert.deepEqual(request.all('x-forwarded-for'), ['127.0.0.1'])
  assert.deepEqual(request.all('x-forwarded-proto'), ['http'])
  assert.deepEqual(request.all('x-forwarded-host'), ['test'])
  assert.doesNotMatch(request.get('forwarded') ?? '', /6\.6\.6\.6/)
})

test('extends the forwarding headers of a trusted proxy', async (t) => {
  const request = await (await balancerWith(t, { trusted_proxies: ['127.0.0.0/8'] }))(get('/', ...forged))
  assert.equal(request.get('x-forwarded-for'), '6.6.6.6, 7.7.7.7, 127.0.0.1')
  assert.deepEqual(request.all('x-forwarded-proto'), ['https'])
  assert.deepEqual(request.all('x-forwarded-host'), ['evil.example'])
})

test('sets what a trusted proxy left out', async (t) => {
  const request = await (await balancerWith(t, { trusted_proxies: ['127.0.0.1'] }))(get())
  assert.equal(request.get('x-forwarded-for'), '127.0.0.1')
  assert.equal(request.get('x-forwarded-proto'), 'http')
  assert.equal(request.get('x-forwarded-host'), 'test')
})

test('names the version that the client spoke in Via', async (t) => {
  const received = await balancerWith(t, {})
  assert.equal((await received('GET / HTTP/1.0\r\nHost: test\r\n\r\n')).get('via'), '1.0 octoload')
  assert.equal((await received(get())).get('via'), '1.1 octoload')
})

test('says of each request on a connection what is true of that one', async (t) => {
  for (const trusted_proxies of [[], ['127.0.0.1']]) {
    const seen: Request[] = []
    const origin = await startOrigin(t, answers(ok(), seen))
    const balancer = await startBalancer(t, { servers: [origin], forwarding: { forwarded: true, trusted_proxies } })
    const client = await connect(t, balancer.port)
    let number = 0
    for (const [host, version, cookie] of [
      ['one.example', 1, 'a'],
      ['one.example', 1, 'b'],
      ['one.example', 1, 'c'],
      ['two.example', 1, 'c'],
      ['one.example', 0, 'c'],
      ['one.example', 0, 'd'],
      ['one.example', 0, 'e'],
      ['one.example', 1, 'e'],
    ] as const) {
      const former = `X-Forwarded-For: 6.6.6.${++number}`
      client.send(
        `GET / HTTP/1.${version}\r\nHost: ${host}\r\nConnection: keep-alive\r\n${former}\r\nCookie: ${cookie}\r\n\r\n`,
      )
      assert.equal((await client.response()).status, 200)
      const request = seen.at(-1)!
      const from = trusted_proxies.length === 0 ? '127.0.0.1' : `6.6.6.${number}, 127.0.0.1`
      assert.deepEqual(request.all('x-forwarded-for'), [from])
      assert.deepEqual(request.all('x-forwarded-host'), [host])
      assert.deepEqual(request.all('via'), [`1.${version} octoload`])
      assert.deepEqual(request.all('forwarded'), [`for=127.0.0.1;host=${host};proto=http`])
      assert.deepEqual(request.all('cookie'), [cookie])
    }
  }
})

test('extends the Via of a trusted proxy and replaces that of others', async (t) => {
  const trusting = await balancerWith(t, { trusted_proxies: ['127.0.0.1'] })
  const request = await trusting(get('/', 'Via: 1.0 fred', 'via: 1.1 p.example'))
  assert.equal(request.get('via'), '1.0 fred, 1.1 p.example, 1.1 octoload')
  const doubting = await balancerWith(t, {})
  assert.equal((await doubting(get('/', 'Via: 1.0 fred'))).get('via'), '1.1 octoload')
})

test('sets Forwarded when asked to, replacing that of a client that is not trusted', async (t) => {
  const received = await balancerWith(t, { forwarded: true })
  assert.match((await received(get())).get('forwarded') ?? '', /^for=127\.0\.0\.1;host=test;proto=http$/)
  assert.doesNotMatch((await received(get('/', ...forged))).get('forwarded') ?? '', /6\.6\.6\.6/)
})

test('extends the Forwarded of a trusted proxy', async (t) => {
  const received = await balancerWith(t, { forwarded: true, trusted_proxies: ['127.0.0.1'] })
  assert.match(
    (await received(get('/', ...forged))).get('forwarded') ?? '',
    /^for=6\.6\.6\.6;proto=https, for=127\.0\.0\.1;/,
  )
})

test('a Host cannot break out of its place in Forwarded', async (t) => {
  const received = await balancerWith(t, { forwarded: true })
  const request = await received('GET / HTTP/1.1\r\nHost: example.com:81\r\n\r\n')
  assert.match(request.get('forwarded') ?? '', /host="example\.com:81"/)
})

test('adds nothing that is turned off', async (t) => {
  const request = await (await balancerWith(t, { x_forwarded: false, via: false }))(get())
  assert.deepEqual(request.fields, [['Host', 'test']])
})

test('removes underscored look-alikes of forwarding headers, from whomever they come', async (t) => {
  for (const trusted_proxies of [[], ['127.0.0.1']]) {
    const request = await (await balancerWith(t, { trusted_proxies }))(
      get('/', 'X_Forwarded_For: 6.6.6.6', 'x-forwarded_proto: https', 'X_FORWARDED-HOST: evil', 'X_Other: kept'),
    )
    assert.equal(request.fields.filter(([name]) => /^x[-_]forwarded[-_]/i.test(name) && name.includes('_')).length, 0)
    assert.equal(request.get('x_other'), 'kept')
  }
})
