// What is derived from the config's schema, and the examples that show it, are as the schema says.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { staleFiles } from '../../scripts/generate-config-docs.ts'
import { loadConfigFile } from '../../src/config/load.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

test('the JSON Schema and docs/configuration.md are up to date', () => {
  assert.deepEqual(staleFiles(), [], 'run "npm run generate"')
})

test('every example is a valid config', async () => {
  const examples = readdirSync(`${ROOT}examples`).filter((file) => /\.jsonc?$/.test(file))
  assert.ok(examples.length >= 2)
  for (const file of examples)
    assert.ok((await loadConfigFile(`${ROOT}examples/${file}`, {})).upstreams.length > 0, file)
})

test('the servers.json that comes along is the documented one', async () => {
  const config = await loadConfigFile(`${ROOT}servers.json`, {})
  assert.deepEqual(
    config.listeners.map(({ port }) => port),
    [8080],
  )
  const { strategy, servers, health_check } = config.upstreams[0]!
  assert.equal(strategy.name, 'least_active')
  assert.equal(health_check.interval, 30_000)
  assert.deepEqual(
    servers.map(({ url }) => url),
    ['http://localhost:8001', 'http://localhost:8002', 'http://localhost:8003'],
  )
})
