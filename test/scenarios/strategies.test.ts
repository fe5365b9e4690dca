// Strategies on real sockets: what they need of the proxy, keys and probes and how attempts end, is what they get.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { readRequest } from '../support/message.ts'
import { answers, ok, startOrigin } from '../support/origin.ts'
import { eventually } from '../support/wait.ts'

const lettered = (t: Parameters<typeof startOrigin>[0], letters: string) =>
  Promise.all([...letters].map((letter) => startOrigin(t, answers(ok(letter)))))

test('hash sends the same key to the same server, over all workers and connections', async (t) => {
  const servers = await lettered(t, 'abcd')
  for (const method of ['rendezvous', 'ring', 'maglev']) {
    const strategy = { name: 'hash', key: 'header:X-User', method } as const
    const balancer = await startBalancer(t, { servers, strategy, workers: 2 })
    const used = new Set<string>()
    for (let user = 0; user < 12; user++) {
      const letters = new Set<string>()
      for (let request = 0; request < 3; request++) {
        const bytes = get(`/${request}`, `X-User: user-${user}`, 'Connection: close')
        letters.add((await balancer.exchange(bytes)).text)
      }
      assert.equal(letters.size, 1, `${method}: user ${user} went to ${[...letters]}`)
      used.add([...letters][0]!)
    }
    assert.ok(used.size > 1, method)
  }
})

test('a server that answers 500 at once is left alone by least_active', async (t) => {
  const bad = 'HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\nbad'
  const servers = [await startOrigin(t, answers(bad)), ...(await lettered(t, 'ab'))]
  const balancer = await startBalancer(t, { servers, strategy: 'least_active' })
  const texts: string[] = []
  for (let request = 0; request < 20; request++)
    texts.push((await balancer.exchange(get('/', 'Connection: close'))).text)
  assert.equal(texts.filter((text) => text === 'bad').length, 1, `${texts}`)
})

test('prequal asks servers beside the requests, and goes by what they say', async (t) => {
  const probes: string[] = []
  const start = (letter: string, rif: number) =>
    startOrigin(t, async (connection) => {
      for (;;) {
        const request = await readRequest(connection)
        const isProbe = request.target === '/load'
        if (isProbe) probes.push(letter)
        const metrics = `endpoint-load-metrics: TEXT rif=${rif},latency_ms=${rif}`
        connection.send(`HTTP/1.1 200 OK\r\n${isProbe ? `${metrics}\r\n` : ''}Content-Length: 1\r\n\r\n${letter}`)
      }
    })
  const servers = await Promise.all([start('a', 90), start('b', 1), start('c', 80)])
  const balancer = await startBalancer(t, { servers, strategy: { name: 'prequal', path: '/load', probe_age: '1m' } })
  // Until all have been asked, and while an answer is replaced, it may choose any; else the one that says that it is idle.
  await eventually(async () => {
    const texts: string[] = []
    for (let request = 0; request < 8; request++) {
      texts.push((await balancer.exchange(get('/', 'Connection: close'))).text)
    }
    const all = probes.length > 30 && new Set(probes).size === 3
    return all && texts.filter((text) => text === 'b').length >= 6
  }, 'three of four requests at the idle server')
  // Probes keep their connections.
  const connections = servers.reduce((sum, origin) => sum + origin.connections.length, 0)
  assert.ok(connections < 20, `${connections} connections, ${probes.length} probes`)
})

test('probes ask for what the health check asks for, unless told otherwise', async (t) => {
  const targets: string[] = []
  const origin = await startOrigin(t, async (connection) => {
    for (;;) {
      targets.push((await readRequest(connection)).target)
      connection.send(ok('x'))
    }
  })
  const balancer = await startBalancer(t, {
    servers: [origin, await startOrigin(t, answers(ok('y')))],
    strategy: 'prequal',
    health_check: { path: '/cheap', interval: '1h', timeout: '30s', initial: 'up' },
  })
  await eventually(async () => {
    await balancer.exchange(get('/page', 'Connection: close'))
    // The health check itself asks once.
    return targets.includes('/page') && targets.filter((target) => target === '/cheap').length > 2
  }, 'probes')
  assert.deepEqual([...new Set(targets)].sort(), ['/cheap', '/page'])
})

test('probes that are not answered, refused or answered with nonsense disturb nothing', async (t) => {
  const origin = (probe: string | null) =>
    startOrigin(t, async (connection) => {
      for (;;) {
        const request = await readRequest(connection)
        if (request.target !== '/probe') connection.send(ok('x'))
        else if (probe !== null) connection.send(probe)
      }
    })
  const servers = await Promise.all([
    origin(null),
    origin('HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n'),
    origin('nonsense\r\n\r\n'),
    origin('HTTP/1.1 200 OK\r\nendpoint-load-metrics: JSON {\r\nContent-Length: 0\r\n\r\n'),
    origin('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\nmore'),
  ])
  const strategy = { name: 'prequal', path: '/probe', probes_per_request: 5 } as const
  const balancer = await startBalancer(t, { servers, strategy })
  for (let request = 0; request < 60; request++) {
    assert.equal((await balancer.exchange(get('/', 'Connection: close'))).text, 'x')
  }
  assert.equal(balancer.lb.metrics().totals.failed, 0)
})
