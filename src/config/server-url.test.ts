import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Mistake } from './mistake.ts'
import { addressKey, parseServerUrl, type ServerAddress } from './server-url.ts'

test('reads host and port, and keeps the URL as it was written', () => {
  const urls: Record<string, [host: string, port: number]> = {
    'http://localhost:8001': ['localhost', 8001],
    'http://localhost': ['localhost', 80],
    'HTTP://Web-1.Example.COM:1': ['web-1.example.com', 1],
    'http://my_service:65535': ['my_service', 65_535],
    'http://10.0.0.1:80': ['10.0.0.1', 80],
    'http://[::1]:8001': ['::1', 8001],
    'http://[2001:DB8:0:0::1]': ['2001:db8::1', 80],
  }
  for (const [url, [host, port]] of Object.entries(urls)) {
    assert.deepEqual(parseServerUrl(url), { url, host, port })
    assert.deepEqual(parseServerUrl(`${url}/`), { url, host, port })
  }
})

test('refuses everything that is more or less than http, host and port', () => {
  const urls = ['', 'http', 'http:', 'http:/x', 'http://', 'http://:80', 'http://a:', 'http://a:0', 'http://a:65536']
  urls.push(
    'http://a:8e1',
    'http://a:+80',
    'http://a//',
    'http://a/?',
    'http://a#',
    'http://a?b',
    'http://u@a',
    'http://a b',
  )
  urls.push(
    'http://a\n',
    ' http://a',
    'http://a\\b',
    'http://-a',
    'http://a..b',
    'http://a.',
    'http://1.2.3',
    'http://0x7f.1',
  )
  urls.push('http://256.1.1.1', 'http://[::1', 'http://::1', 'http://[::1%25eth0]', 'http://[1.2.3.4]', 'http://%61')
  urls.push('https://a', 'ws://a', '//a', 'a:80', `http://${'a'.repeat(64)}`, `http://${'a.'.repeat(127)}`)
  for (const url of urls) assert.ok(parseServerUrl(url) instanceof Mistake, url)
})

test('gives the same key to two spellings of one address', () => {
  const key = (url: string) => addressKey(parseServerUrl(url) as ServerAddress)
  assert.equal(key('http://LOCALHOST/'), key('http://localhost:80'))
  assert.equal(key('http://[0:0::1]:81'), key('http://[::1]:81'))
  assert.notEqual(key('http://localhost:80'), key('http://localhost:81'))
})

test('what it accepts, the URL parser of Node reads in the same way', () => {
  const part = fc.constantFrom(
    'http://',
    'https://',
    'a',
    'B',
    '1',
    '.',
    ':',
    ':80',
    '[::1]',
    '/',
    '@',
    '?',
    '#',
    '_',
    '%',
    ' ',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), fc.boolean(), (parts, hasScheme) => {
      const text = (hasScheme ? 'http://' : '') + parts.join('')
      const address = parseServerUrl(text)
      if (address instanceof Mistake) return
      const url = new URL(text)
      assert.equal(url.hostname.replace(/^\[|\]$/g, ''), address.host)
      assert.equal(Number(url.port || 80), address.port)
      assert.equal(url.pathname + url.search + url.hash + url.username, '/')
    }),
    { numRuns: 5000 },
  )
})
