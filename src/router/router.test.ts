import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RouteConfig } from '../config/config.ts'
import { compileRoutes, type Route } from './router.ts'

type Match = RouteConfig['match']

/** Writes a route as its value: `GET,HEAD a.example,*.b.example /api`, each part optional. */
function route(text: string): Route<string> {
  const match: Match = { hosts: [], path_prefix: '/', methods: [] }
  for (const part of text.split(' ')) {
    if (part.startsWith('/')) match.path_prefix = part
    else if (/^[A-Z,]+$/.test(part)) match.methods = part.split(',')
    else if (part !== '') match.hosts = part.split(',')
  }
  return { match, value: text }
}

function router(...texts: string[]) {
  return compileRoutes(texts.map(route))
}

test('one route for all takes everything', () => {
  const find = router('')
  assert.equal(find('GET', 'example.com', '/x?y'), '')
  assert.equal(find('OPTIONS', 'example.com', '*'), '')
})

test('no route takes nothing', () => {
  assert.equal(router()('GET', 'example.com', '/'), undefined)
})

test('a path prefix matches whole segments before the query', () => {
  const find = router('/api', '/files/')
  for (const path of ['/api', '/api/', '/api/x', '/api?x', '/api/x?/files/']) {
    assert.equal(find('GET', '', path), '/api', path)
  }
  for (const path of ['/files/', '/files/x', '/files/?x']) assert.equal(find('GET', '', path), '/files/', path)
  for (const path of ['/', '/apix', '/ap', '/API', '/files', '/filesx', '/?/api', '/x/api', '*']) {
    assert.equal(find('GET', '', path), undefined, path)
  }
})

test('paths are compared as they came, without decoding', () => {
  const find = router('/a b', '/%61pi', '/x/../api')
  assert.equal(find('GET', '', '/api'), undefined)
  assert.equal(find('GET', '', '/%61pi'), '/%61pi')
  assert.equal(find('GET', '', '/x/../api'), '/x/../api')
  assert.equal(find('GET', '', '/a%20b'), undefined)
  assert.equal(find('GET', '', '//api'), undefined)
})

test('an exact host comes before a wildcard, a longer wildcard before a shorter one, any host last', () => {
  const find = router('', '*.example.com', '*.a.example.com', 'x.a.example.com')
  assert.equal(find('GET', 'x.a.example.com', '/'), 'x.a.example.com')
  assert.equal(find('GET', 'y.a.example.com', '/'), '*.a.example.com')
  assert.equal(find('GET', 'z.y.a.example.com', '/'), '*.a.example.com')
  assert.equal(find('GET', 'a.example.com', '/'), '*.example.com')
  assert.equal(find('GET', 'example.com', '/'), '')
  assert.equal(find('GET', '.example.com', '/'), '')
  assert.equal(find('GET', 'myexample.com', '/'), '')
})

test('the host outweighs the path, and the path the method', () => {
  const find = router('POST /api', '/api/v2', 'a.example', 'GET /api', '/api')
  assert.equal(find('GET', 'a.example', '/api/v2'), 'a.example')
  assert.equal(find('GET', 'b.example', '/api/v2'), '/api/v2')
  assert.equal(find('GET', 'b.example', '/api/v1'), 'GET /api')
  assert.equal(find('POST', 'b.example', '/api/v1'), 'POST /api')
  assert.equal(find('PUT', 'b.example', '/api/v1'), '/api')
})

test('a route that fits the host but not path or method gives way to the next', () => {
  const find = router('a.example /x', 'GET *.example /y', '/y')
  assert.equal(find('GET', 'a.example', '/x'), 'a.example /x')
  assert.equal(find('GET', 'a.example', '/y'), 'GET *.example /y')
  assert.equal(find('POST', 'a.example', '/y'), '/y')
  assert.equal(find('POST', 'a.example', '/z'), undefined)
})

test('equal routes are tried in the order of the config', () => {
  const first = { match: route('GET,POST a.example /x').match, value: 1 }
  const second = { match: route('GET a.example /x').match, value: 2 }
  assert.equal(compileRoutes([first, second])('GET', 'a.example', '/x'), 1)
  assert.equal(compileRoutes([second, first])('GET', 'a.example', '/x'), 2)
  assert.equal(compileRoutes([route(''), { match: route('').match, value: 'second' }])('GET', '', '/'), '')
})

test('hosts match in any case, with any port and with a final dot', () => {
  const find = router('a.example', '[::1]', '*.b.example')
  for (const host of ['a.example', 'A.Example', 'a.example:8080', 'a.example.', 'a.example.:80', 'a.example:']) {
    assert.equal(find('GET', host, '/'), 'a.example', host)
  }
  for (const host of ['[::1]', '[::1]:80']) assert.equal(find('GET', host, '/'), '[::1]', host)
  for (const host of ['x.B.example:1', 'X.b.example.']) assert.equal(find('GET', host, '/'), '*.b.example', host)
  for (const host of ['', ':80', '.', '[::2]', 'a.example.x', 'b.example']) {
    assert.equal(find('GET', host, '/'), undefined, host)
  }
})

test('OPTIONS * goes to routes for all paths only', () => {
  const find = router('/api', 'a.example', 'OPTIONS a.example /x')
  assert.equal(find('OPTIONS', 'a.example', '*'), 'a.example')
  assert.equal(find('OPTIONS', 'b.example', '*'), undefined)
})

test('a host of thousands of dots is cheap', () => {
  const find = router('*.example', '')
  assert.equal(find('GET', `${'.'.repeat(60_000)}example`, '/'), '')
})

test('finds what a plain reading of the rules finds', () => {
  const label = fc.constantFrom('a', 'b', 'c')
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))
  const host = fc.oneof(
    name,
    name.map((text) => `*.${text}`),
  )
  const path = fc.array(fc.constantFrom('', 'a', 'b', 'ab', '%61'), { maxLength: 3 }).map((all) => `/${all.join('/')}`)
  const method = fc.constantFrom('GET', 'POST', 'OPTIONS')
  const match: fc.Arbitrary<Match> = fc.record({
    hosts: fc.array(host, { maxLength: 2 }),
    path_prefix: path,
    methods: fc.array(method, { maxLength: 2 }),
  })
  const target = fc.oneof(
    path,
    path.map((text) => `${text}?/a/b`),
    fc.constant('*'),
  )
  const port = fc.constantFrom('', ':80')
  fc.assert(
    fc.property(
      fc.array(match, { maxLength: 6 }),
      method,
      name,
      port,
      target,
      (matches, method, name, port, target) => {
        const routes = matches.map((match, value) => ({ match, value }))
        const found = compileRoutes(routes)(method, name.toUpperCase() + port, target)
        assert.equal(found, plainly(matches, method, name, target))
      },
    ),
    { numRuns: 2000 },
  )
})

/** The number of the best of all that match: each is ranked on its own, host by host, and compared with all others. */
function plainly(matches: Match[], method: string, host: string, target: string): number | undefined {
  const [path] = target.split('?') as [string]
  let best: number[] | undefined
  matches.forEach((match, number) => {
    if (match.methods.length > 0 && !match.methods.includes(method)) return
    const { path_prefix: prefix } = match
    const asFolder = prefix.endsWith('/') ? prefix : `${prefix}/`
    if (prefix !== '/' && path !== prefix && !path.startsWith(asFolder)) return
    for (const pattern of match.hosts.length === 0 ? [''] : match.hosts) {
      const wild = pattern.startsWith('*')
      if (wild ? !host.endsWith(pattern.slice(1)) : pattern !== '' && pattern !== host) continue
      const rank = [pattern === '' ? 0 : wild ? pattern.length : 1000, prefix.length, Math.min(match.methods.length, 1)]
      if (best === undefined || isBefore(rank, best)) best = [...rank, number]
    }
  })
  return best?.[3]
}

function isBefore(a: number[], b: number[]): boolean {
  const at = a.findIndex((value, index) => value !== b[index])
  return at !== -1 && a[at]! > b[at]!
}
