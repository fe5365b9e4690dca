import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverUrl } from './server-argument.ts'

test('a port means a server on this machine', () => {
  assert.equal(serverUrl('3001'), 'http://localhost:3001')
  assert.equal(serverUrl('65535'), 'http://localhost:65535')
})

test('host:port needs no http://', () => {
  assert.equal(serverUrl('api.internal:3004'), 'http://api.internal:3004')
  assert.equal(serverUrl('10.0.0.7:80'), 'http://10.0.0.7:80')
  assert.equal(serverUrl('[::1]:8080'), 'http://[::1]:8080')
})

test('a URL is left for the config to judge', () => {
  assert.equal(serverUrl('http://host:3003'), 'http://host:3003')
  assert.equal(serverUrl('ftp://host'), 'ftp://host')
})

test('anything else is no server', () => {
  for (const text of [
    '',
    '0',
    '65536',
    '99999',
    '123456',
    'chekc',
    'localhost',
    'host:',
    'host:0',
    'host:70000',
    'a/b:80',
    '-1',
  ]) {
    assert.equal(serverUrl(text), undefined, text)
  }
})
