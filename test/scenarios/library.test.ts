// octoload inside a program: errors, events, and servers that come and go at run time.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { ConfigError, createLoadBalancer, defineConfig } from '../../src/index.ts'
import { startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { readRequest } from '../support/message.ts'
import { answers, ok, startOrigin } from '../support/origin.ts'
import { eventually } from '../support/wait.ts'

test('throws every problem of a config at once', () => {
  const config = { load_balancer: { port: 99_999, strategy: 'least_activ' }, servers: { urls: ['nonsense'] } }
  assert.throws(
    () => createLoadBalancer(config as never),
    (error) => error instanceof ConfigError && error.problems.length === 3,
  )
})

test('defineConfig gives its config back', () => {
  const config = { servers: { urls: ['http://localhost:1'] } }
  assert.equal(defineConfig(config), config)
})

test('takes the short form, and says where it listens', async (t) => {
  const origin = await startOrigin(t, answers(ok('fine')))
  const lb = createLoadBalancer({
    load_balancer: { port: 0, strategy: 'round_robin', health_check_interval_seconds: 30 },
    servers: { urls: [origin.url] },
    workers: 1,
  })
  t.after(() => lb.stop({ timeout: 1 }))
  const listening = once(lb, 'listening')
  assert.equal(lb.addresses.length, 0)
  await lb.start()
  assert.deepEqual(await listening, [lb.addresses])
  const response = await fetch(`http://127.0.0.1:${lb.addresses[0]!.port}/`)
  assert.equal(await response.text(), 'fine')
})

test('a server that is added takes part at once, and is checked', async (t) => {
  const first = await startOrigin(t, answers(ok('a')))
  const second = await startOrigin(t, answers(ok('b')))
  const balancer = await startBalancer(t, { servers: [first], health_check: { interval: '400ms' } })
  await balancer.lb.addServer({ url: second.url, weight: 2 })
  await balancer.logged(new RegExp(`Added server ${second.url} \\(weight 2\\)`))
  const letters = new Set<string>()
  await eventually(async () => letters.add((await balancer.exchange(get())).text).size === 2, 'both to answer')
  await second.close()
  await balancer.logged(new RegExp(`Server ${second.url} is unhealthy`))
})

test('a server that is removed finishes what it has, and gets nothing more', async (t) => {
  const leaving = await startOrigin(t)
  const staying = await startOrigin(t, answers(ok('staying')))
  const balancer = await startBalancer(t, { servers: [leaving, staying] })
  const client = await balancer.connect()
  client.send(get('/last'))
  const connection = await leaving.nextConnection()
  await readRequest(connection)
  await balancer.lb.removeServer(leaving.url)
  await balancer.logged(new RegExp(`Draining server ${leaving.url}: 1 exchange in flight`))
  await eventually(async () => (await balancer.exchange(get())).text === 'staying', 'the other server')
  for (let request = 0; request < 5; request++) assert.equal((await balancer.exchange(get())).text, 'staying')
  connection.send(ok('last words'))
  assert.equal((await client.response()).text, 'last words')
  await connection.over()
  await balancer.logged(new RegExp(`Removed server ${leaving.url}`))
  assert.equal(leaving.connections.length, 1)
})

test('refuses to add a server twice, to add nonsense, and to remove one that is not there', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin] })
  await assert.rejects(balancer.lb.addServer(origin.url), { code: 'OCTOLOAD_DUPLICATE_SERVER' })
  await assert.rejects(balancer.lb.addServer('nonsense'), ConfigError)
  await assert.rejects(balancer.lb.addServer(origin.url, 'nowhere'), { code: 'OCTOLOAD_NO_UPSTREAM' })
  await assert.rejects(balancer.lb.removeServer('http://127.0.0.1:1'), { code: 'OCTOLOAD_NO_SERVER' })
  assert.equal((await balancer.exchange(get())).text, 'ok')
})

test('a server that was removed may come back, with fresh numbers', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin] })
  await balancer.exchange(get())
  await balancer.lb.removeServer(origin.url)
  assert.deepEqual(balancer.lb.metrics().servers, [])
  await eventually(async () => (await balancer.exchange(get())).status === 503, 'the server to be gone')
  await balancer.lb.addServer(origin.url)
  await eventually(async () => (await balancer.exchange(get())).status === 200, 'the server to be back')
  assert.equal(balancer.lb.metrics().servers[0]?.picked, 1)
})

test('a list of servers that changes under load loses no request', async (t) => {
  const origins = await Promise.all([1, 2, 3, 4].map(() => startOrigin(t, answers(ok()))))
  const balancer = await startBalancer(t, { servers: origins })
  let changing = true
  let requests = 0
  const clients = Array.from({ length: 4 }, async () => {
    const client = await balancer.connect()
    while (changing) {
      client.send(get())
      assert.equal((await client.response()).status, 200)
      requests++
    }
  })
  for (let round = 0; round < 10; round++) {
    const url = origins[round % 3]!.url
    await balancer.lb.removeServer(url)
    const before = requests
    await eventually(() => requests > before + 20, 'some requests')
    await balancer.lb.addServer(url)
  }
  changing = false
  await Promise.all(clients)
  await eventually(() => balancer.lb.metrics().servers.every((server) => server.inFlight === 0), 'nothing in flight')
  assert.equal(balancer.lb.metrics().totals.failed, 0)
})
