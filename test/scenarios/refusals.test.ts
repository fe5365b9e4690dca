// What is refused, with which status, and that no server hears of it. Each case is a request that some server or proxy
// has read differently from another one (RFC 9112 section 11.2: request smuggling).
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { answers, ok, startOrigin } from '../support/origin.ts'
import { eventually } from '../support/wait.ts'

const owner = { after }
const origin = await startOrigin(owner, answers(ok()))
const balancer = await startBalancer(owner, {
  servers: [origin],
  limits: { request_head_size: '4KiB', request_target_length: '1KiB', request_headers: 20, request_body_size: '64KiB' },
})

const silent = await startOrigin(owner)
const passing = await startBalancer(owner, { servers: [silent] })

/** The head of a POST request with these lines, and a body that would be a request of its own. */
function smuggling(...lines: string[]): string {
  const inside = 'GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n'
  return ['POST / HTTP/1.1', 'Host: test', ...lines, '', `5\r\nhello\r\n0\r\n\r\n${inside}`].join('\r\n')
}

const LENGTH = 'Content-Length: 5'
const CHUNKED = 'Transfer-Encoding: chunked'

const framing: Record<string, string> = {
  'Content-Length and Transfer-Encoding': smuggling(LENGTH, CHUNKED),
  'Transfer-Encoding and Content-Length': smuggling(CHUNKED, LENGTH),
  'two lengths that differ': smuggling(LENGTH, 'Content-Length: 6'),
  'two lengths that agree': smuggling(LENGTH, LENGTH),
  'a list of lengths': smuggling('Content-Length: 5, 5'),
  'a length with a sign': smuggling('Content-Length: +5'),
  'a negative length': smuggling('Content-Length: -5'),
  'a hexadecimal length': smuggling('Content-Length: 0x5'),
  'a length with an exponent': smuggling('Content-Length: 1e1'),
  'a length with a fraction': smuggling('Content-Length: 5.0'),
  'a length with a space inside': smuggling('Content-Length: 5 5'),
  'an empty length': smuggling('Content-Length:'),
  'a length beyond all numbers': smuggling('Content-Length: 99999999999999999999999'),
  'a length with a vertical tab': smuggling('Content-Length: \x0b5'),
  'a length with a no-break space': smuggling('Content-Length: \xa05'),
  'space before the colon of a length': smuggling('Content-Length : 5'),
  'an underscored length': smuggling('Content_Length: 5'),
  'an unknown coding': smuggling('Transfer-Encoding: xchunked'),
  'the coding identity': smuggling('Transfer-Encoding: identity'),
  'a coding before chunked': smuggling('Transfer-Encoding: gzip, chunked'),
  'a coding after chunked': smuggling('Transfer-Encoding: chunked, identity'),
  'chunked twice': smuggling('Transfer-Encoding: chunked, chunked'),
  'chunked on two lines': smuggling(CHUNKED, CHUNKED),
  'two codings on two lines': smuggling(CHUNKED, 'Transfer-Encoding: x'),
  'a quoted coding': smuggling('Transfer-Encoding: "chunked"'),
  'a coding with a parameter': smuggling('Transfer-Encoding: chunked;q=1'),
  'a coding with a vertical tab': smuggling('Transfer-Encoding: \x0bchunked'),
  'a coding with a form feed': smuggling('Transfer-Encoding: chunked\x0c'),
  'a coding with a NUL': smuggling('Transfer-Encoding: chunked\0'),
  'a coding with a no-break space': smuggling('Transfer-Encoding:\xa0chunked'),
  'an empty coding': smuggling('Transfer-Encoding:'),
  'a coding and a comma': smuggling('Transfer-Encoding: chunked,'),
  'space before the colon of a coding': smuggling('Transfer-Encoding : chunked'),
  'a tab before the colon of a coding': smuggling('Transfer-Encoding\t: chunked'),
  'a space before the name of a coding': smuggling(LENGTH, ' Transfer-Encoding: chunked'),
  'a folded coding': smuggling('Transfer-Encoding:', ' chunked'),
  'an underscored coding': smuggling('Transfer_Encoding: chunked'),
  'a coding behind a bare LF': smuggling('X: y\nTransfer-Encoding: chunked'),
  'a coding behind a bare CR': smuggling('X: y\rTransfer-Encoding: chunked'),
  'a coding in a folded line': smuggling('X: y', '\tTransfer-Encoding: chunked'),
  'a coding from an HTTP/1.0 client': smuggling(CHUNKED).replace('HTTP/1.1', 'HTTP/1.0'),
}

const heads: Record<string, string> = {
  'no Host': 'GET / HTTP/1.1\r\n\r\n',
  'two Hosts': get('/', 'Host: other'),
  'a Host with a space': 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
  'a Host with a path': 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n',
  'a Host with a user': 'GET / HTTP/1.1\r\nHost: user@a\r\n\r\n',
  'two names in one Host': 'GET / HTTP/1.1\r\nHost: a,b\r\n\r\n',
  'a Host with a bad port': 'GET / HTTP/1.1\r\nHost: a:http\r\n\r\n',
  'lines that end in LF only': 'GET / HTTP/1.1\nHost: test\n\n',
  'one line that ends in LF only': 'GET / HTTP/1.1\r\nHost: test\nX: y\r\n\r\n',
  'a head that ends in LF CR LF': 'GET / HTTP/1.1\r\nHost: test\r\n\n\r\n',
  'a bare CR in a value': get('/', 'X: a\rb'),
  'a NUL in a value': get('/', 'X: a\0b'),
  'an escape byte in a value': get('/', 'X: a\x1bb'),
  'a DEL in a value': get('/', 'X: a\x7fb'),
  'a folded value': get('/', 'X: a', ' b'),
  'a space before the first header': 'GET / HTTP/1.1\r\n Host: test\r\n\r\n',
  'a line without a colon': get('/', 'nonsense'),
  'an empty name': get('/', ': value'),
  'a name with a space': get('/', 'X Y: value'),
  'a name with a high byte': get('/', 'X\xe9: value'),
  'a name in brackets': get('/', '(X): value'),
  'no method': ' / HTTP/1.1\r\nHost: test\r\n\r\n',
  'a method that is not a token': 'G@T / HTTP/1.1\r\nHost: test\r\n\r\n',
  'two spaces in the request line': 'GET  / HTTP/1.1\r\nHost: test\r\n\r\n',
  'a tab in the request line': 'GET\t/ HTTP/1.1\r\nHost: test\r\n\r\n',
  'a space at the end of the request line': 'GET / HTTP/1.1 \r\nHost: test\r\n\r\n',
  'a target with a space': 'GET /a b HTTP/1.1\r\nHost: test\r\n\r\n',
  'a target with a control byte': 'GET /a\x01b HTTP/1.1\r\nHost: test\r\n\r\n',
  'a target that begins with no slash': 'GET a HTTP/1.1\r\nHost: test\r\n\r\n',
  'an asterisk without OPTIONS': 'GET * HTTP/1.1\r\nHost: test\r\n\r\n',
  'an absolute target with a user': 'GET http://user@test/ HTTP/1.1\r\nHost: test\r\n\r\n',
  'an absolute target without a host': 'GET http:///a HTTP/1.1\r\nHost: test\r\n\r\n',
  'HTTP/0.9': 'GET /\r\n\r\n',
  'a version in lower case': 'GET / http/1.1\r\nHost: test\r\n\r\n',
  'a version with a zero too many': 'GET / HTTP/1.01\r\nHost: test\r\n\r\n',
  'another protocol': 'GET / RTSP/1.0\r\nHost: test\r\n\r\n',
  'a TLS hello': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
}

const statuses: [name: string, status: number, bytes: string][] = [
  ['HTTP/2.0', 505, 'GET / HTTP/2.0\r\nHost: test\r\n\r\n'],
  ['HTTP/1.2', 505, 'GET / HTTP/1.2\r\nHost: test\r\n\r\n'],
  ['the preface of HTTP/2', 505, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a target longer than allowed', 414, get(`/${'x'.repeat(1024)}`)],
  ['a header longer than the head may be', 431, get('/', `X: ${'x'.repeat(4096)}`)],
  [
    'many headers longer than the head may be',
    431,
    get('/', ...Array.from({ length: 15 }, () => `X: ${'x'.repeat(300)}`)),
  ],
  ['more headers than allowed', 431, get('/', ...Array.from({ length: 25 }, () => 'X: y'))],
  ['a body longer than allowed, by its length', 413, `POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 65537\r\n\r\n`],
]

for (const [name, bytes] of Object.entries(framing)) refuses(`ambiguous framing: ${name}`, 400, bytes)
for (const [name, bytes] of Object.entries(heads)) refuses(`a bad head: ${name}`, 400, bytes)
for (const [name, status, bytes] of statuses) refuses(name, status, bytes)

function refuses(name: string, status: number, bytes: string): void {
  test(`refuses with ${status} and closes, and no server hears of it: ${name}`, async () => {
    const client = await balancer.connect()
    client.send(bytes)
    const answer = await client.response()
    assert.equal(answer.status, status)
    assert.equal(answer.get('connection'), 'close')
    assert.equal((await client.rest()).length, 0, 'nothing follows the refusal')
    assert.equal(origin.connections.length, 0)
  })
}

test('refuses a head that is too long before its end has come', async () => {
  const client = await balancer.connect()
  client.send(`GET / HTTP/1.1\r\nHost: test\r\nX: ${'x'.repeat(5000)}`)
  assert.equal((await client.response()).status, 431)
})

test('refuses a target that is too long before its end has come', async () => {
  const client = await balancer.connect()
  client.send(`GET /${'x'.repeat(5000)}`)
  assert.equal((await client.response()).status, 414)
})

test('a client that goes on sending can still read the refusal', async () => {
  const client = await balancer.connect()
  client.send(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${4 * 1024 * 1024}\r\n\r\n`)
  client.send(Buffer.alloc(4 * 1024 * 1024))
  assert.equal((await client.response()).status, 413)
})

const chunks: Record<string, string> = {
  'a hexadecimal prefix': '0x5\r\nhello\r\n0\r\n\r\n',
  'a sign': '+5\r\nhello\r\n0\r\n\r\n',
  'a negative size': '-5\r\nhello\r\n0\r\n\r\n',
  'a space before the size': ' 5\r\nhello\r\n0\r\n\r\n',
  'a space after the size': '5 \r\nhello\r\n0\r\n\r\n',
  'no size': '\r\nhello\r\n0\r\n\r\n',
  'letters beyond f': 'g\r\nhello\r\n0\r\n\r\n',
  'a size beyond all numbers': 'fffffffffffffffff\r\nhello\r\n0\r\n\r\n',
  'a size that wraps to 5 in 64 bits': '10000000000000005\r\nhello\r\n0\r\n\r\n',
  'a size line that ends in LF only': '5\nhello\r\n0\r\n\r\n',
  'an extension with a bare LF': '5;a\nb\r\nhello\r\n0\r\n\r\n',
  'an extension with a bare CR': '5;a\rb\r\nhello\r\n0\r\n\r\n',
  'data longer than its size': '5\r\nhello!\r\n0\r\n\r\n',
  'data that ends in LF only': '5\r\nhello\n0\r\n\r\n',
  'data that ends in another byte and LF': '5\r\nhello!\n0\r\n\r\n',
  'data that ends in CR and another byte': '5\r\nhello\r!0\r\n\r\n',
  'a last chunk that ends in LF only': '5\r\nhello\r\n0\n\n',
  'a trailer that is no header': '5\r\nhello\r\n0\r\nnonsense\r\n\r\n',
  'a trailer with a length': '5\r\nhello\r\n0\r\nContent-Length: 7\r\n\r\n',
  'a trailer with a bare LF': '5\r\nhello\r\n0\r\nX: y\nZ: w\r\n\r\n',
}

for (const [name, body] of Object.entries(chunks)) {
  for (const late of [false, true]) {
    test(`a bad chunk, ${late ? 'after' : 'with'} the head: ${name}`, async () => {
      const before = silent.connections.length
      const client = await passing.connect()
      const head = `POST / HTTP/1.1\r\nHost: test\r\n${CHUNKED}\r\n\r\n`
      const rest = body + get('/smuggled')
      if (late) {
        client.send(head)
        await eventually(() => silent.connections.length > before, 'the request to be passed on')
        client.send(rest)
      } else client.send(head + rest)
      assert.equal((await client.response()).status, 400)
      assert.equal((await client.rest()).length, 0)
      for (const connection of silent.connections.slice(before)) {
        await connection.over()
        assert.doesNotMatch(connection.text, /smuggled/)
        assert.doesNotMatch(connection.text, /\r\n0\r\n\r\n$/, 'the server never sees the end of the request')
      }
    })
  }
}

test('refuses a chunked body that grows longer than allowed, and the server never sees its end', async (t) => {
  const server = await startOrigin(t)
  const mine = await startBalancer(t, { servers: [server], limits: { request_body_size: '64KiB' } })
  const client = await mine.connect()
  client.send(`POST / HTTP/1.1\r\nHost: test\r\n${CHUNKED}\r\n\r\n`)
  for (let chunk = 0; chunk < 20; chunk++) client.send(`1000\r\n${'x'.repeat(4096)}\r\n`)
  client.send('0\r\n\r\n')
  assert.equal((await client.response()).status, 413)
  for (const connection of server.connections) {
    await connection.over()
    assert.doesNotMatch(connection.text, /\r\n0\r\n\r\n$/)
  }
})
