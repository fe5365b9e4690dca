// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to the environment are what is tested
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { serverConfig } from '../../test/support/server-config.ts'
import type { Config } from './config.ts'
import { ConfigFileError, loadConfigFile, normaliseConfig, normaliseServer, parseConfig } from './load.ts'
import { ConfigError } from './problem.ts'
import type { FileConfig } from './schema.ts'

const SERVERS = { urls: ['http://localhost:8001'] }

function parsed(text: string, env = {}): Config {
  const result = parseConfig(text, { env })
  assert.deepEqual(result.ok ? [] : result.problems, [])
  return (result as { config: Config }).config
}

test('a text and the object it stands for give the same config', () => {
  const file: FileConfig = { servers: SERVERS, timeouts: { connect: '1s' }, metrics: 'off' }
  assert.deepEqual(parsed(JSON.stringify(file)), normaliseConfig(file))
})

test('takes comments, trailing commas, a byte order mark and every kind of line end', () => {
  const text = '\uFEFF// hello\r\n{"servers": {"urls": [/* one */ "http://localhost:8001",],},\r}\n'
  assert.deepEqual(parsed(text), normaliseConfig({ servers: SERVERS }))
})

test('counts lines and columns as editors do, behind a byte order mark and after every kind of line end', () => {
  for (const end of ['\n', '\r\n', '\r']) {
    const result = parseConfig(`\uFEFF{${end}${end}  "x": 1}`)
    const places = result.ok ? [] : result.problems.map(({ path, line, column }) => [path, line, column])
    assert.deepEqual(places, [
      ['', 1, 1],
      ['x', 3, 3],
    ])
  }
})

test('a bare reference becomes the number or boolean that the key wants', () => {
  const text = `{
    "listeners": [{"port": "\${PORT}"}],
    "upstreams": {"main": {"servers": [{"url": "http://\${HOST}", "weight": "\${WEIGHT:-3}"}], "strategy": "\${STRATEGY}"}},
    "workers": "\${WORKERS}", "logging": {"access": "\${ACCESS}"}, "timeouts": {"connect": "\${SECONDS}s"},
    "retries": {"budget_ratio": "\${RATIO}"}, "limits": {"client_connections": "\${MOST}"}, "health_check": {"body_contains": "\${BODY}"}
  }`
  const env = { PORT: '0', HOST: 'web:81', STRATEGY: 'round_robin', WORKERS: '2', ACCESS: 'true', SECONDS: '7' }
  const config = parsed(text, { ...env, RATIO: '0.5', MOST: '10', BODY: '42' })
  assert.equal(config.listeners[0]!.port, 0)
  assert.deepEqual(config.upstreams[0]!.servers, [serverConfig('web', 81, { weight: 3 })])
  assert.equal(config.upstreams[0]!.strategy.name, 'round_robin')
  assert.equal(config.workers, 2)
  assert.equal(config.logging.access, true)
  assert.equal(config.upstreams[0]!.timeouts.connect, 7000)
  assert.equal(config.upstreams[0]!.retries.budget_ratio, 0.5)
  assert.equal(config.limits.client_connections, 10)
  assert.equal(config.upstreams[0]!.health_check.body_contains, '42')
})

test('two listeners on the same port are found also when the port comes from the environment', () => {
  const text = '{"listeners": [{"port": "$P"}, {"port": 80}], "servers": {"urls": ["http://a"]}}'.replace(
    '$P',
    () => '${P}',
  )
  const result = parseConfig(text, { env: { P: '80' } })
  assert.deepEqual(result.ok ? [] : result.problems.map(({ path }) => path), ['listeners[1].port'])
})

test('the library takes no reference unless it is given an environment', () => {
  const config = { servers: SERVERS, health_check: { body_contains: '${BODY}' } }
  assert.equal(normaliseConfig(config).upstreams[0]!.health_check.body_contains, '${BODY}')
  assert.equal(normaliseConfig(config, { env: { BODY: 'x' } }).upstreams[0]!.health_check.body_contains, 'x')
  assert.throws(() => normaliseConfig(config, { env: {} }), /BODY is not set/)
})

test('the library may begin without servers when it says so', () => {
  for (const config of [{}, { servers: { urls: [] } }, { upstreams: { api: { servers: [] } } }]) {
    assert.throws(() => normaliseConfig(config), ConfigError)
    assert.deepEqual(normaliseConfig(config, { allowNoServers: true }).upstreams[0]!.servers, [])
  }
})

test('throws one error with all problems for an object that is not valid', () => {
  const config = { load_balancer: { port: '8080', strategy: 'leastactive' }, servers: SERVERS } as unknown as FileConfig
  assert.throws(
    () => normaliseConfig(config),
    (error) => {
      assert.ok(error instanceof ConfigError)
      assert.equal(error.code, 'OCTOLOAD_CONFIG')
      assert.equal(
        error.message,
        [
          'load_balancer.port: expected a whole number from 0 to 65535, got the string "8080"',
          '    remove the quotes',
          'load_balancer.strategy: unknown strategy "leastactive"',
          '    did you mean "least_active"?',
        ].join('\n'),
      )
      assert.deepEqual(
        error.problems.map(({ path, line, column }) => [path, line, column]),
        [
          ['load_balancer.port', 0, 0],
          ['load_balancer.strategy', 0, 0],
        ],
      )
      return true
    },
  )
})

test('a server on its own is read as in a config', () => {
  assert.deepEqual(normaliseServer('http://a:1/'), serverConfig('a', 1))
  assert.deepEqual(
    normaliseServer({ url: 'http://a', weight: 5 }),
    serverConfig('a', 80, { url: 'http://a', weight: 5 }),
  )
  assert.throws(() => normaliseServer('a:1'), { code: 'OCTOLOAD_CONFIG', message: /write "http:\/\/a:1"/ })
  assert.throws(() => normaliseServer({ url: 'http://a', weight: 0 }), { message: 'weight: 0 is not from 1 to 1000' })
})

test('never throws, whatever the text', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    '"a"',
    '//',
    '/*',
    '\n',
    '1',
    'null',
    '\\',
    '${',
    '\uFEFF',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces).map((parts) => parts.join('')),
    fc.json(),
  )
  fc.assert(
    fc.property(text, (text) => {
      const result = parseConfig(text, { env: {} })
      if (!result.ok) assert.ok(result.problems.length > 0)
    }),
    { numRuns: 1000 },
  )
  for (const deep of ['['.repeat(200_000), '{"a":'.repeat(200_000)]) assert.equal(parseConfig(deep).ok, false)
})

test('a host or method that cannot even be made text is a problem with a place', () => {
  for (const key of ['hosts', 'methods']) {
    const result = parseConfig(`{"routes": [{"match": {"${key}": [{"toString": ""}]}}]}`)
    assert.ok(!result.ok)
    assert.ok(
      result.problems.some(({ path }) => path === `routes[0].match.${key}[0]`),
      JSON.stringify(result.problems),
    )
  }
})

test('never throws for a config of which any parts were replaced, and always says where', () => {
  const whole = {
    load_balancer: { health_check_interval_seconds: 30 },
    listeners: [{ name: 'a', address: '*', port: 1 }],
    routes: [{ match: { hosts: ['a'], path_prefix: '/', methods: ['GET'] }, upstream: 'a' }],
    upstreams: {
      a: { strategy: { name: 'round_robin' }, servers: [{ url: 'http://a', weight: 1 }], health_check: {} },
    },
    timeouts: { connect: '1s' },
    limits: { client_connections: 'off' },
    health_check: { headers: { a: 'b' }, statuses: ['2xx'] },
    workers: 'auto',
  }
  const json = fc.jsonValue({ maxDepth: 1 })
  const value = fc.oneof(json, fc.constantFrom('${A}', '${A', '${B}', 'off', -1, 1e300, '', [], {}, null))
  const swap = fc.record({ at: fc.nat(), value })
  fc.assert(
    fc.property(fc.array(swap, { minLength: 1, maxLength: 4 }), (swaps) => {
      let count = 0
      const text = JSON.stringify(whole, (key, part) => {
        count++
        const found = key === '' ? undefined : swaps.find(({ at }) => at % 40 === count)
        return found === undefined ? part : found.value
      })
      const result = parseConfig(text, { env: { A: '5' } })
      if (result.ok) return
      for (const problem of result.problems) {
        assert.ok(problem.line === 1 && problem.column > 0 && problem.message !== '', JSON.stringify(problem))
      }
    }),
    { numRuns: 1000 },
  )
})

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'octoload-'))
})
after(() => rm(folder, { recursive: true }))

test('reads a file, with the environment', async () => {
  const file = join(folder, 'servers.json')
  await writeFile(file, '{"servers": {"urls": ["http://localhost:${PORT}"]}}')
  const config = await loadConfigFile(file, { PORT: '8001' })
  assert.deepEqual(config, normaliseConfig({ servers: SERVERS }))
})

test('names the file and the place of every problem in it', async () => {
  const file = join(folder, 'broken.json')
  await writeFile(file, '{"servers": {"urls": []}, "x": 1}')
  await assert.rejects(loadConfigFile(file, {}), (error) => {
    assert.ok(error instanceof ConfigError)
    assert.deepEqual(
      error.message.split('\n').filter((line) => !line.startsWith(' ')),
      [`${file}:1:22  servers.urls: needs at least one server`, `${file}:1:27  x: unknown key`],
    )
    return true
  })
})

test('says what to do when the file cannot be read', async () => {
  const missing = join(folder, 'missing.json')
  await assert.rejects(loadConfigFile(missing), (error) => {
    assert.ok(error instanceof ConfigFileError)
    assert.equal(error.code, 'ENOENT')
    assert.equal(error.message, `there is no file ${missing}; create it, or name another one with --config FILE`)
    return true
  })
  await assert.rejects(loadConfigFile(folder), {
    code: 'EISDIR',
    message: /is a directory; name the config file in it$/,
  })
})

test('says so when there is no permission to read the file', () => {
  const error = new ConfigFileError('servers.json', Object.assign(new Error('EACCES'), { code: 'EACCES' }))
  assert.equal(error.code, 'EACCES')
  assert.equal(error.message, 'no permission to read servers.json; make it readable for this user')
})
