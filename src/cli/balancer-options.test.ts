import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Config } from '../config/config.ts'
import { normaliseConfig } from '../config/load.ts'
import type { FileConfig } from '../config/schema.ts'
import { parseArguments } from './arguments.ts'
import { balancerOptions, overridden } from './balancer-options.ts'
import type { Command } from './command.ts'

const command: Command = {
  name: '',
  summary: '',
  usage: [],
  options: balancerOptions,
  examples: [],
  run: async () => {},
}

const one: FileConfig = {
  listeners: [{ address: '127.0.0.1', port: 8000 }],
  upstreams: { a: { servers: ['http://a:1'] } },
  logging: { format: 'json', level: 'warn' },
  workers: 3,
}
const two: FileConfig = {
  listeners: [{ port: 8000 }, { port: 9000 }],
  upstreams: { a: { servers: ['http://a:1'] }, b: { servers: ['http://b:1'], health_check: 'off' } },
  routes: [{ upstream: 'a' }, { match: { path_prefix: '/b' }, upstream: 'b' }],
}

function override(file: FileConfig, ...words: string[]): Config {
  return overridden(normaliseConfig(file), parseArguments(command, words))
}

test('without options the config stays as it is', () => {
  assert.deepEqual(override(one), normaliseConfig(one))
  assert.deepEqual(override(two), normaliseConfig(two))
})

test('--port and --address change the one listener', () => {
  assert.deepEqual(override(one, '--port', '81').listeners, [{ name: 'main', address: '127.0.0.1', port: 81 }])
  assert.deepEqual(override(one, '--port=0', '--address=::1').listeners, [{ name: 'main', address: '::1', port: 0 }])
  assert.equal(override(one, '-a', '*').listeners[0]?.address, '*')
  assert.throws(() => override(one, '--address=localhost'), {
    message: '--address takes an IP address or "*", not "localhost".',
  })
})

test('--port and --address are refused when there are several listeners', () => {
  assert.throws(() => override(two, '--port', '81'), {
    message: '--port is for one listener, but the config has 2: change it in the config.',
  })
  assert.throws(() => override(two, '--address', '*'), /^CliError: --address is for one listener/)
})

test('--strategy changes every upstream', () => {
  for (const name of ['round_robin', 'least_active']) {
    const { upstreams } = override(two, '--strategy', name)
    assert.deepEqual(
      upstreams.map(({ strategy }) => strategy),
      [
        { name, options: {} },
        { name, options: {} },
      ],
    )
  }
  assert.throws(() => override(two, '-s', 'roundrobin'), /, not "roundrobin"\. Did you mean round_robin\?$/)
  assert.throws(() => override(two, '-s', './mine.ts'), /named in the config: "strategy": "\.\/mine\.ts"\.$/)
  const [changed] = override(two, '-s', 'ip_hash').upstreams
  assert.deepEqual(changed?.strategy, { name: 'ip_hash', options: { method: 'rendezvous', bounded_load: 0 } })
})

test('--health-check takes a path, tcp or off, for every upstream', () => {
  const kinds = (...words: string[]) =>
    override(two, ...words).upstreams.map(({ health_check: { kind, path } }) => [kind, path])
  assert.deepEqual(kinds('--health-check', '/healthz?full'), [
    ['http', '/healthz?full'],
    ['http', '/healthz?full'],
  ])
  assert.deepEqual(kinds('--health-check=tcp').flat(), ['tcp', '/', 'tcp', '/'])
  assert.deepEqual(kinds('--health-check=off').flat(), ['off', '/', 'off', '/'])
  assert.throws(() => override(two, '--health-check=healthz'), {
    message: '--health-check takes a path that starts with "/", tcp or off, not "healthz".',
  })
})

test('the options of the log change what they name and nothing else', () => {
  const logging = (...words: string[]) => override(one, ...words).logging
  assert.deepEqual(logging('--log', 'text'), { format: 'text', level: 'warn', selection: true, access: false })
  assert.deepEqual(logging('--log', 'off'), { format: 'json', level: 'off', selection: true, access: false })
  assert.deepEqual(logging('--log-level', 'debug'), { format: 'json', level: 'debug', selection: true, access: false })
  assert.deepEqual(logging('-q', '--access-log'), { format: 'json', level: 'warn', selection: false, access: true })
})

test('--workers sets the number of workers', () => {
  assert.equal(override(one, '--workers', '2').workers, 2)
  assert.equal(override(one).workers, 3)
  assert.throws(() => override(one, '--workers', '0'), /^CliError: --workers takes a whole number from 1 to 256/)
})
