import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../http1/refusals.ts'
import { readRequestHead } from '../http1/request-head.ts'
import type { KeySource } from '../seams/strategy.ts'
import { exchangeKey } from './exchange-key.ts'

const LIMITS = { request_head_size: 8192, request_target_length: 4096, request_headers: 100 }

function key(kind: KeySource['kind'], name: string, target: string, ...fields: string[]): string {
  const text = [`GET ${target} HTTP/1.1`, 'Host: Example.com:80', ...fields, '', ''].join('\r\n')
  const head = readRequestHead(text, LIMITS, null)
  assert.ok(!(head instanceof Refusal))
  return exchangeKey({ kind, name }, head, '10.1.2.3')
}

test('the address, the host and the path', () => {
  assert.equal(key('client_address', '', '/'), '10.1.2.3')
  assert.match(key('host', '', '/'), /^example\.com/i)
  assert.equal(key('path', '', '/a/b?c=d'), '/a/b')
  assert.equal(key('path', '', '/a/b'), '/a/b')
})

test('a header, whatever the case of its name', () => {
  assert.equal(key('header', 'x-user', '/', 'X-USER: ann'), 'ann')
  assert.equal(key('header', 'x-user', '/', 'X-User-Id: 5'), '')
})

test('a parameter of the query, whole and as it stands there', () => {
  assert.equal(key('query', 'id', '/x?grid=1&id=a%20b&id=2'), 'a%20b')
  assert.equal(key('query', 'id', '/x?ident=1'), '')
  assert.equal(key('query', 'id', '/id=5'), '')
  assert.equal(key('query', 'id', '/x?id='), '')
})

test('a cookie among others', () => {
  const cookies = 'Cookie: a=1; session=abc=; sessionx=2'
  assert.equal(key('cookie', 'session', '/', cookies), 'abc=')
  assert.equal(key('cookie', 'sessionx', '/', cookies), '2')
  assert.equal(key('cookie', 'b', '/', cookies), '')
  assert.equal(key('cookie', 'b', '/'), '')
})
