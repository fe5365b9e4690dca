import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { emptyFolder, octoload } from './octoload-process.ts'

const SHORT_FORM = `{
  // The contract's form.
  "load_balancer": { "port": 8080, "health_check_interval_seconds": 30, "strategy": "least_active" },
  "servers": { "urls": ["http://localhost:8001", "http://localhost:8002", "http://localhost:8003"] },
}`

const FULL_FORM = JSON.stringify({
  listeners: [{ port: 80 }, { port: 8080 }],
  upstreams: { a: { servers: ['http://a:1'] }, b: { servers: [] } },
  routes: [{ upstream: 'a' }, { match: { path_prefix: '/b' }, upstream: 'b' }],
})

const WRONG = `{
  "load_balancer": { "port": 8080, "strategy": "leastactive" },
  "servers": { "urls": ["http://localhost:8001", "localhost:8002"] },
  "worker": 2
}`

test('a valid config is summed up in one line, exit code 0', async (t) => {
  const cwd = emptyFolder(t)
  writeFileSync(join(cwd, 'servers.json'), SHORT_FORM)
  const valid = 'servers.json is valid: 1 listener, 1 route, 1 upstream, 3 servers\n'
  assert.deepEqual(await octoload(['check'], { cwd }), { end: 0, stdout: valid, stderr: '' })
  assert.deepEqual(await octoload(['check', 'servers.json'], { cwd }), { end: 0, stdout: valid, stderr: '' })
})

test('all problems are told at once, each with its place and a hint, exit code 1', async (t) => {
  const cwd = emptyFolder(t)
  writeFileSync(join(cwd, 'wrong.json'), WRONG)
  for (const words of [
    ['check', 'wrong.json'],
    ['check', 'wrong.json', '--print'],
  ]) {
    const { end, stdout, stderr } = await octoload(words, { cwd })
    assert.equal(end, 1)
    assert.equal(stdout, '')
    assert.match(stderr, /^octoload: 3 problems in wrong\.json\n/)
    assert.match(stderr, /^wrong\.json:2:48 +load_balancer\.strategy: .*\n +did you mean "least_active"\?$/m)
    assert.match(stderr, /^wrong\.json:3:50 +servers\.urls\[1\]: .*\n +write "http:\/\/localhost:8002"$/m)
    assert.match(stderr, /^wrong\.json:4:3 +.*worker.*\n +did you mean "workers"\?$/m)
  }
})

test('--print prints the effective config, which is valid and prints the same again', async (t) => {
  const cwd = emptyFolder(t)
  for (const text of [SHORT_FORM, FULL_FORM.replace('[]', '["http://b:1"]')]) {
    writeFileSync(join(cwd, 'servers.json'), text)
    const first = await octoload(['check', '--print'], { cwd })
    assert.equal(first.end, 0)
    assert.equal(first.stderr, '')
    const config = JSON.parse(first.stdout)
    assert.equal(config.shutdown_timeout, '30s')
    writeFileSync(join(cwd, 'printed.json'), first.stdout)
    assert.deepEqual(await octoload(['check', 'printed.json', '--print'], { cwd }), first)
  }
})

test('environment variables are put in', async (t) => {
  const cwd = emptyFolder(t)
  writeFileSync(join(cwd, 'servers.json'), `{ "servers": { "urls": ["http://\${SERVER_HOST}:80"] } }`)
  const { stdout } = await octoload(['check', '--print'], { cwd, env: { SERVER_HOST: 'from-env' } })
  assert.ok(stdout.includes('"http://from-env:80"'), stdout)
  const without = await octoload(['check'], { cwd })
  assert.equal(without.end, 1)
  assert.match(without.stderr, /SERVER_HOST/)
})

test('a missing file is exit code 1, a second file exit code 2', async (t) => {
  const cwd = emptyFolder(t)
  const missing = await octoload(['check'], { cwd })
  assert.equal(missing.end, 1)
  assert.match(missing.stderr, /^octoload: there is no servers\.json in this folder\./)
  assert.deepEqual(await octoload(['check', 'a', 'b'], { cwd }), {
    end: 2,
    stdout: '',
    stderr: 'octoload: check takes one file, not 2.\n',
  })
})
