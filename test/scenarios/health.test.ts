// Servers that go down and come back: found out by checks or by the traffic itself, said once, and acted upon at once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { answers, ok, startOrigin, startRefusingOrigin } from '../support/origin.ts'
import { eventually } from '../support/wait.ts'

/** The time-out is the interval: long enough for a busy machine. */
const FAST = { interval: '400ms', interval_down: '100ms', jitter: 0 } as const
const UNHEALTHY = /is unhealthy/
const HEALTHY = /is healthy again/

test('a server that goes down and comes back is logged once each way, with its reason', async (t) => {
  const origin = await startOrigin(t, answers(ok('a')))
  const other = await startOrigin(t, answers(ok('b')))
  const balancer = await startBalancer(t, { servers: [origin, other], health_check: FAST })
  await origin.close()
  const [down] = await balancer.logged(/Server \S+ is unhealthy: .+/)
  assert.ok(down.includes(origin.url), down)
  assert.match(down, /connection (refused|reset)/)
  for (let request = 0; request < 4; request++) assert.equal((await balancer.exchange(get())).text, 'b')
  await origin.open()
  const [up] = await balancer.logged(/Server \S+ is healthy again: .+/)
  assert.ok(up.includes(origin.url), up)
  const letters = [(await balancer.exchange(get())).text, (await balancer.exchange(get())).text]
  assert.deepEqual(letters.sort(), ['a', 'b'])
  assert.equal(balancer.countLogged(UNHEALTHY), 1)
  assert.equal(balancer.countLogged(HEALTHY), 1)
})

test('all servers down: 503 with a clear text, and back as soon as one answers', async (t) => {
  const origins = [await startRefusingOrigin(t, answers(ok('back'))), await startRefusingOrigin(t)]
  const balancer = await startBalancer(t, { servers: origins, health_check: FAST })
  await balancer.logged(/No server of upstream main is healthy/)
  const answer = await balancer.exchange(get())
  assert.equal(answer.status, 503)
  assert.match(answer.get('retry-after') ?? '', /^\d+$/)
  assert.match(answer.text, /^503 Service Unavailable: No healthy server/)
  assert.equal(balancer.lb.metrics().failures.no_healthy_server, 1)
  await origins[0]!.open()
  await balancer.logged(HEALTHY)
  assert.equal((await balancer.exchange(get())).text, 'back')
})

test('checks as told: path, method, headers, statuses, text of the body', async (t) => {
  const origin = await startOrigin(
    t,
    answers((request) => {
      const right =
        request.startLine === 'POST /health?deep=1 HTTP/1.1' &&
        request.get('x-probe') === 'octo' &&
        request.get('host') === 'inner'
      return right ? 'HTTP/1.1 204 Fine\r\n\r\n' : 'HTTP/1.1 500 Wrong\r\nContent-Length: 0\r\n\r\n'
    }),
  )
  const balancer = await startBalancer(t, {
    servers: [origin],
    health_check: {
      ...FAST,
      initial: 'down',
      method: 'POST',
      path: '/health?deep=1',
      headers: { 'X-Probe': 'octo', Host: 'inner' },
      statuses: [200, '204-206'],
    },
  })
  await balancer.logged(HEALTHY)
})

test('a status that was not asked for takes a server down, with the status in the log', async (t) => {
  const origin = await startOrigin(t, answers('HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n'))
  const balancer = await startBalancer(t, { servers: [origin], health_check: FAST })
  await balancer.logged(/is unhealthy: .*500/)
})

test('a body without the text takes a server down', async (t) => {
  let body = 'status: ready'
  const origin = await startOrigin(
    t,
    answers(() => ok(body)),
  )
  const balancer = await startBalancer(t, {
    servers: [origin],
    health_check: { ...FAST, body_contains: 'ready', initial: 'down' },
  })
  await balancer.logged(HEALTHY)
  body = 'status: starting'
  await balancer.logged(UNHEALTHY)
})

test('a check that gets no answer in time counts as failed', async (t) => {
  const origin = await startOrigin(t)
  const balancer = await startBalancer(t, { servers: [origin], health_check: { ...FAST, timeout: '100ms' } })
  await balancer.logged(/is unhealthy: .*100 ms/)
})

test('a tcp check only opens a connection', async (t) => {
  const origin = await startRefusingOrigin(t)
  const balancer = await startBalancer(t, { servers: [origin], health_check: { ...FAST, kind: 'tcp' } })
  await balancer.logged(UNHEALTHY)
  await origin.open()
  await balancer.logged(HEALTHY)
  assert.equal(origin.text, '')
})

test('rise and fall: one odd check changes nothing', async (t) => {
  let check = 0
  const failing = new Set([3, 6, 7, 10, 11, 12])
  const origin = await startOrigin(
    t,
    answers(() => (failing.has(++check) ? 'HTTP/1.1 500 Odd\r\nContent-Length: 0\r\n\r\n' : ok())),
  )
  const balancer = await startBalancer(t, {
    servers: [origin],
    health_check: { ...FAST, fall: 3, rise: 2 },
  })
  await balancer.logged(UNHEALTHY)
  assert.equal(check, 12)
  await balancer.logged(HEALTHY)
  assert.equal(check, 14)
})

test('checks another port when told to', async (t) => {
  const probed = await startOrigin(t, answers(ok()))
  const origin = await startOrigin(t, answers(ok('traffic')))
  const balancer = await startBalancer(t, {
    servers: [origin],
    health_check: { ...FAST, port: probed.port, initial: 'down' },
  })
  await balancer.logged(HEALTHY)
  assert.equal(origin.connections.length, 0)
  assert.equal((await balancer.exchange(get())).text, 'traffic')
})

test('three refused connections in a row take a server down at once, until a check succeeds', async (t) => {
  const origin = await startOrigin(t, answers(ok('a')))
  const other = await startOrigin(t, answers(ok('b')))
  const balancer = await startBalancer(t, {
    servers: [origin, other],
    health_check: { interval: '1h', interval_down: '150ms', jitter: 0 },
    passive_health: { connect_failures: 3 },
  })
  await eventually(() => origin.connections.length === 1, 'the first check')
  await origin.close()
  for (let request = 0; request < 6; request++) assert.equal((await balancer.exchange(get())).text, 'b')
  const [line] = await balancer.logged(/Server \S+ is unhealthy: .+/)
  assert.ok(line.includes(origin.url), line)
  assert.equal(balancer.lb.metrics().servers[0]?.picked, 3)
  await origin.open()
  await balancer.logged(HEALTHY)
  await eventually(async () => (await balancer.exchange(get())).text === 'a', 'the server to be asked again')
})

test('tells a program of every change', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin], health_check: FAST })
  const events: string[] = []
  balancer.lb.on('server-down', ({ server, upstream, reason }) =>
    events.push(`down ${server} ${upstream} ${reason !== ''}`),
  )
  balancer.lb.on('server-up', ({ server, upstream, reason }) =>
    events.push(`up ${server} ${upstream} ${reason !== ''}`),
  )
  await origin.close()
  await eventually(() => events.length === 1, 'the server to go down')
  await origin.open()
  await eventually(() => events.length === 2, 'the server to come back')
  assert.deepEqual(events, [`down ${origin.url} main true`, `up ${origin.url} main true`])
})
