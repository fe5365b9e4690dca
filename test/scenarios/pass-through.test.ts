// What reaches the server is what the client sent, and the client gets what the server answered (RFC 9110 section 7).
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { get, post } from '../support/client.ts'
import type { Field, Request } from '../support/message.ts'
import { answers, ok, startOrigin } from '../support/origin.ts'

const owner = { after }
const seen: Request[] = []
let response = ok()
const origin = await startOrigin(
  owner,
  answers(() => response, seen),
)
const balancer = await startBalancer(owner, { servers: [origin] })

/** Sends one request; resolves with what the server received. */
async function received(bytes: string): Promise<Request> {
  response = ok()
  await balancer.exchange(bytes)
  return seen.at(-1)!
}

/** The fields without those that the balancer sets itself. */
function passedOn(request: Request): Field[] {
  return request.fields.filter(([name]) => !/^(x-forwarded-.*|via)$/i.test(name))
}

test('passes every method on, known or not, in its own case', async () => {
  for (const method of ['GET', 'DELETE', 'PATCH', 'PUT', 'OPTIONS', 'TRACE', 'PROPFIND', 'M-SEARCH', 'get', 'brew!~']) {
    const request = await received(`${method} / HTTP/1.1\r\nHost: test\r\n\r\n`)
    assert.equal(request.startLine, `${method} / HTTP/1.1`)
  }
})

test('passes a HEAD request on and its answer back without a body', async () => {
  response = 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n'
  const answer = await balancer.exchange('HEAD / HTTP/1.1\r\nHost: test\r\n\r\n')
  assert.equal(seen.at(-1)!.method, 'HEAD')
  assert.equal(answer.get('content-length'), '1234')
})

const targets = [
  '/%7Euser/%2e%2E/%00%ff?q=%20',
  '/a/../b/./c',
  '//double//slashes//',
  '/?',
  '/??a=?&&=;[]{}|^`"<>\\',
  "/path;v=1,2/!$&'()*+,;=:@",
  '/caf\xe9?\xff\x80',
  '/a:8080/http://else.where/',
  `/${'x'.repeat(4000)}`,
]
for (const target of targets) {
  test(`passes the target ${target.slice(0, 50)} on, byte for byte`, async () => {
    assert.equal((await received(get(target))).startLine, `GET ${target} HTTP/1.1`)
  })
}

test('turns an absolute-form target into origin-form and its authority into Host', async () => {
  for (const [target, origin, host] of [
    ['http://real.example/a?b', '/a?b', 'real.example'],
    ['http://real.example:81/', '/', 'real.example:81'],
    ['HTTP://Real.Example?x=1', '/?x=1', 'Real.Example'],
    ['http://[::1]:80/%2f', '/%2f', '[::1]:80'],
  ]) {
    const request = await received(get(target))
    assert.equal(request.startLine, `GET ${origin} HTTP/1.1`)
    assert.deepEqual(request.all('host'), [host])
  }
})

test('passes OPTIONS * on', async () => {
  const request = await received('OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n')
  assert.equal(request.startLine, 'OPTIONS * HTTP/1.1')
})

test('refuses CONNECT with 405, and the server hears nothing of it', async () => {
  const before = seen.length
  const answer = await balancer.exchange('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n')
  assert.equal(answer.status, 405)
  assert.equal(seen.length, before)
})

test('passes Host on as the client wrote it', async () => {
  for (const host of ['WWW.Example.COM', 'example.com:8080', '[2001:db8::1]:81', 'under_score.example']) {
    const request = await received(`GET / HTTP/1.1\r\nhOsT: ${host}\r\n\r\n`)
    assert.deepEqual(
      request.fields.filter(([name]) => name.toLowerCase() === 'host'),
      [['hOsT', host]],
    )
  }
})

test('keeps the case, the order and the duplicates of header lines', async () => {
  const request = await received(
    get(
      '/',
      'ACCEPT: */*',
      'x-b: 2',
      'X-A: 1',
      'x-B: 3',
      'Cookie: a=1',
      'X-Empty:',
      'cookie: b=2',
      "X-!#$%&'*+-.^_`|~: odd",
    ),
  )
  assert.deepEqual(passedOn(request), [
    ['Host', 'test'],
    ['ACCEPT', '*/*'],
    ['x-b', '2'],
    ['X-A', '1'],
    ['x-B', '3'],
    ['Cookie', 'a=1'],
    ['X-Empty', ''],
    ['cookie', 'b=2'],
    ["X-!#$%&'*+-.^_`|~", 'odd'],
  ])
})

test('keeps every byte of a header value', async () => {
  const value = '"q\\"uoted"; a=\tb  c, \xe9\xff\x80 (comment) <>[]{}@\\'
  assert.equal((await received(get('/', `X-Value: ${value}`))).get('x-value'), value)
})

test('removes hop-by-hop headers and those that Connection names from a request', async () => {
  const request = await received(
    get(
      '/',
      'Connection: keep-alive, X-Secret',
      'X-Secret: 1',
      'x-secret: 2',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'TE: trailers, deflate',
      'Upgrade: unasked',
      'X-Kept: yes',
    ),
  )
  assert.deepEqual(passedOn(request), [
    ['Host', 'test'],
    ['X-Kept', 'yes'],
  ])
})

test('does not let Connection name away Host, the length of the body or what the balancer sets', async () => {
  const request = await received(post('body', 'Connection: Host, Content-Length, X-Forwarded-For, Via'))
  assert.deepEqual(request.all('host'), ['test'])
  assert.equal(request.text, 'body')
  assert.equal(request.get('x-forwarded-for'), '127.0.0.1')
  assert.match(request.get('via') ?? '', /^1\.1 /)
})

test('keeps the status, the reason and the header lines of a response', async () => {
  response = [
    'HTTP/1.1 299 Quite Un\xfcsual',
    'set-cookie: a=1; Path=/',
    'Server: origin',
    'SET-COOKIE: b=2',
    'X-Empty:',
    'Date: yesterday',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n')
  const answer = await balancer.exchange(get())
  assert.equal(answer.startLine, 'HTTP/1.1 299 Quite Un\xfcsual')
  assert.deepEqual(
    answer.fields.filter(([name]) => !/^(content-length|via|connection)$/i.test(name)),
    [
      ['set-cookie', 'a=1; Path=/'],
      ['Server', 'origin'],
      ['SET-COOKIE', 'b=2'],
      ['X-Empty', ''],
      ['Date', 'yesterday'],
    ],
  )
})

test('removes hop-by-hop headers and those that Connection names from a response', async () => {
  response = ok(
    'ok',
    'Connection: x-internal',
    'X-Internal: 7',
    'Keep-Alive: timeout=9',
    'Proxy-Connection: x',
    'X-Kept: yes',
  )
  const answer = await balancer.exchange(get())
  assert.equal(answer.get('x-internal'), undefined)
  assert.equal(answer.get('keep-alive'), undefined)
  assert.equal(answer.get('proxy-connection'), undefined)
  assert.equal(answer.get('x-kept'), 'yes')
  assert.equal(answer.text, 'ok')
})

test('passes redirects and errors of a server on untouched', async () => {
  for (const status of [301, 404, 500, 502, 503, 599]) {
    response = `HTTP/1.1 ${status} Own\r\nLocation: /elsewhere\r\nContent-Length: 4\r\n\r\nmine`
    const answer = await balancer.exchange(get())
    assert.equal(answer.status, status)
    assert.equal(answer.get('location'), '/elsewhere')
    assert.equal(answer.text, 'mine')
  }
})
