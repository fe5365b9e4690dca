import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AccessLog } from './access-log.ts'
import { LineBatch } from './line-batch.ts'
import { LogClock } from './log-clock.ts'
import type { LogFormat } from './log-format.ts'

const START = new Date(2025, 8, 30, 18, 53, 47, 123).getTime()
const PREFIX = 'load-balancer: 2025/09/30 18:53:47 '
const SERVER = 'http://localhost:8001'

function written(format: LogFormat, ...exchanges: Parameters<AccessLog['access']>[]): string {
  let output = ''
  const batch = new LineBatch(
    (text) => {
      output += text
    },
    new LogClock(false, () => START),
  )
  const log = new AccessLog(batch, format)
  for (const exchange of exchanges) log.access(...exchange)
  batch.flush()
  return output
}

test('a finished exchange is one line with all that matters', () => {
  const output = written(
    'text',
    ['127.0.0.1', 'GET', '/path?x=1', 200, 1234, 5312, SERVER, 0, ''],
    ['::1', 'POST', '/', 502, 0, 49, SERVER, 2, 'connect_refused', 'HTTP/1.0'],
    ['10.0.0.1', '', '', 503, 7, 1_234_567, '', 0, 'no_healthy_server'],
  )
  assert.deepEqual(output.split('\n'), [
    `${PREFIX}127.0.0.1 "GET /path?x=1 HTTP/1.1" 200 1234B 5.3ms http://localhost:8001`,
    `${PREFIX}::1 "POST / HTTP/1.0" 502 0B 0.0ms http://localhost:8001 retries=2 failure=connect_refused`,
    `${PREFIX}10.0.0.1 "- - HTTP/1.1" 503 7B 1234.6ms - failure=no_healthy_server`,
    '',
  ])
})

test('JSON has the same as fields', () => {
  const output = written(
    'json',
    ['127.0.0.1', 'GET', '/a"b', 200, 1234, 5012.4, SERVER, 0, ''],
    ['127.0.0.1', 'GET', '/', 502, 0, 1_000_007, SERVER, 1, 'connect_refused'],
  )
  const [first, second] = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const common = {
    time: new Date(START).toISOString(),
    level: 'info',
    message: 'Exchange finished',
    event: 'exchange_finished',
    client: '127.0.0.1',
    method: 'GET',
    version: 'HTTP/1.1',
    server: SERVER,
  }
  assert.deepEqual(first, { ...common, target: '/a"b', status: 200, bytes: 1234, duration_ms: 5.012, retries: 0 })
  assert.deepEqual(second, {
    ...common,
    target: '/',
    status: 502,
    bytes: 0,
    duration_ms: 1000.007,
    retries: 1,
    failure: 'connect_refused',
  })
})

test('whatever a client sends, it is one line, and the same fields are read back', () => {
  const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) })
  fc.assert(
    fc.property(bytes, bytes, (method, target) => {
      const text = written('text', ['::1', method, target, 200, 1, 100, SERVER, 0, ''])
      assert.match(text, /^[\x20-\x7e]*\n$/)
      const [, request, rest] = /^.*?::1 "((?:[^"\\]|\\.)*)"(.*)\n$/.exec(text) ?? []
      assert.equal(rest, ` 200 1B 0.1ms ${SERVER}`)
      assert.ok(request!.endsWith(' HTTP/1.1'))
      const json = written('json', ['::1', method, target, 200, 1, 100, SERVER, 0, ''])
      assert.equal(json.indexOf('\n'), json.length - 1)
      const line = JSON.parse(json)
      assert.equal(line.method, method)
      assert.equal(line.target, target)
      assert.equal(line.status, 200)
    }),
  )
})
