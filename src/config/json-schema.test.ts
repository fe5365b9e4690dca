// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to the environment are what is tested
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { registry } from '../registry.ts'
import { alternatives, type JsonSchema, keysAt, publishedJsonSchema, schemasAt } from './json-schema.ts'

const schema = z.fromJSONSchema(publishedJsonSchema() as Parameters<typeof z.fromJSONSchema>[0])
const accepts = (value: unknown) => schema.safeParse(value).success

test('editors accept what octoload accepts', () => {
  assert.ok(accepts({ servers: { urls: ['http://localhost:8001', { url: 'http://a/', weight: 2 }] } }))
  assert.ok(accepts({ $schema: 'x', load_balancer: { port: 0, strategy: { name: 'round_robin' } }, metrics: 'off' }))
  assert.ok(accepts({ timeouts: { exchange: 'off', connect: '1.5s' }, limits: { request_body_size: '10MB' } }))
  assert.ok(accepts({ upstreams: { api: { servers: [], health_check: { statuses: [200, '2xx', '200-399'] } } } }))
})

test('editors accept a reference to the environment wherever octoload does', () => {
  assert.ok(accepts({ load_balancer: { port: '${PORT:-8080}', strategy: '${STRATEGY}' }, workers: '${WORKERS}' }))
  assert.ok(
    accepts({ logging: { access: '${ACCESS}', level: '${LEVEL:-info}' }, timeouts: { connect: '${CONNECT}s' } }),
  )
  assert.ok(accepts({ servers: { urls: ['http://${HOST}:1', '${URL}', { url: '${URL}', weight: '${WEIGHT}' }] } }))
})

test('editors mark what octoload refuses', () => {
  const refused = [
    { load_balancer: { port: '8080' } },
    { load_balancer: { port: 65_536 } },
    { load_balancer: { strategy: 'magic' } },
    { load_balancer: { prot: 1 } },
    { servers: { urls: ['localhost:8001'] } },
    { servers: { urls: ['https://localhost'] } },
    { servers: {} },
    { timeouts: { connect: 'off' } },
    { timeouts: { connect: 30 } },
    { upstreams: { api: { servers: [], timeouts: { client_head: '1s' } } } },
    { logging: { access: 'yes' } },
    { workers: '${' },
  ]
  for (const value of refused) assert.ok(!accepts(value), JSON.stringify(value))
})

test('every key says what it does', () => {
  function visit(node: JsonSchema, path: string): void {
    for (const inner of alternatives(node)) {
      for (const [key, property] of Object.entries(inner.properties ?? {})) {
        const about = [property, ...alternatives(property)].map(({ description }) => description).find(Boolean)
        assert.ok(about?.endsWith('.'), `${path}.${key}: ${about}`)
        visit(property, `${path}.${key}`)
      }
      if (inner.items !== undefined) visit(inner.items, `${path}[]`)
      if (typeof inner.additionalProperties === 'object') visit(inner.additionalProperties, `${path}.*`)
    }
  }
  visit(publishedJsonSchema(), '')
})

test('knows every strategy and every kind of health check that there is', () => {
  const words = (path: string[]) =>
    schemasAt(path)
      .flatMap(alternatives)
      .flatMap((node) => node.enum ?? [])
  assert.deepEqual(words(['load_balancer', 'strategy']), Object.keys(registry.strategies))
  assert.deepEqual(words(['health_check', 'kind']).sort(), Object.keys(registry.healthChecks).sort())
})

test('finds the keys of a place through lists, names and alternatives', () => {
  assert.deepEqual(keysAt(['servers', 'urls', 3]), ['url', 'weight', 'max_active', 'priority', 'backup', 'zone'])
  assert.deepEqual(keysAt(['upstreams', 'any', 'passive_health']), ['connect_failures'])
  assert.deepEqual(keysAt(['nowhere', 1]), [])
})
