// What people and programs see: the log in its two formats, and /metrics in its two.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { answers, ok, startOrigin, startRefusingOrigin } from '../support/origin.ts'

test('logs the servers it was given and the port it runs on', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const weighted = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin, { url: weighted.url, weight: 5 }] })
  assert.equal(balancer.countLogged(new RegExp(`Added server ${origin.url}$`)), 1)
  assert.equal(balancer.countLogged(new RegExp(`Added server ${weighted.url} \\(weight 5\\)$`)), 1)
  assert.equal(balancer.countLogged(new RegExp(`Load balancer is running on port ${balancer.port}`)), 1)
})

test('logs each choice of a server, with the strategy', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin] })
  for (let request = 0; request < 3; request++) await balancer.exchange(get())
  const pattern = new RegExp(`Selected server ${origin.url} \\(round robin\\)$`)
  await balancer.logged(pattern)
  await balancer.lb.stop({ timeout: 1 })
  assert.equal(balancer.countLogged(pattern), 3)
})

test('logs each choice of a server, with its load', async (t) => {
  const origin = await startOrigin(t)
  const balancer = await startBalancer(t, { servers: [origin], strategy: 'least_active' })
  for (let load = 0; load < 3; load++) {
    const client = await balancer.connect()
    client.send(get())
    await origin.nextConnection()
    await balancer.logged(new RegExp(`Selected server ${origin.url} with load ${load}$`))
  }
})

test('logs no choice when that is turned off, and nothing at all at level off', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  for (const logging of [{ selection: false }, { level: 'off' }] as const) {
    const balancer = await startBalancer(t, { servers: [origin], logging })
    await balancer.exchange(get())
    await balancer.lb.stop({ timeout: 1 })
    assert.equal(balancer.countLogged(/Selected server/), 0)
    if ('level' in logging) assert.deepEqual(balancer.lines, [])
  }
})

test('logs a line for each finished exchange when asked to', async (t) => {
  const origin = await startOrigin(t, answers(ok('12345')))
  const balancer = await startBalancer(t, { servers: [origin], logging: { access: true } })
  await balancer.exchange(get('/some/where?x=1'))
  const [line] = await balancer.logged(/.*\/some\/where\?x=1.*/)
  for (const part of ['127.0.0.1', 'GET', '200', origin.url]) assert.ok(line.includes(part), `${part} in ${line}`)
})

test('no byte that a client sends can forge a line or paint the terminal', async (t) => {
  const refusing = await startRefusingOrigin(t)
  for (const format of ['text', 'json'] as const) {
    const balancer = await startBalancer(t, { servers: [refusing], logging: { format, access: true } })
    await balancer.exchange(get('/"x"\x80\x9b31m\xff', 'X: y'))
    await balancer.logged(/502/)
    for (const line of balancer.lines) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u)
  }
})

test('every line of the json format is an object with time, level, event and message', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const refusing = await startRefusingOrigin(t)
  const balancer = await startBalancer(t, {
    servers: [origin, refusing],
    logging: { format: 'json', access: true },
    passive_health: { connect_failures: 1 },
  })
  await balancer.exchange(get())
  await balancer.exchange(get())
  await balancer.exchange('nonsense\r\n\r\n')
  await balancer.lb.stop({ timeout: 1 })
  const events = new Set<string>()
  for (const line of balancer.lines) {
    const { time, level, event, message } = JSON.parse(line)
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/)
    assert.match(level, /^(info|warn|error)$/)
    assert.equal(typeof message === 'string' || event === 'access', true, line)
    events.add(event)
  }
  for (const event of [
    'server_added',
    'listening',
    'server_selected',
    'retrying',
    'server_unhealthy',
    'request_refused',
    'shutdown_complete',
  ]) {
    assert.ok(events.has(event), `${event} among ${[...events]}`)
  }
})

test('/metrics answers the JSON of the contract', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin] })
  for (let request = 0; request < 3; request++) await balancer.exchange(get())
  const answer = await balancer.exchange(get('/metrics'))
  assert.equal(answer.get('content-type'), 'application/json')
  const { TotalRequests, FailedRequests, ActiveConnections } = JSON.parse(answer.text)
  assert.deepEqual([TotalRequests, FailedRequests, ActiveConnections], [3, 0, 0])
  assert.doesNotMatch(origin.text, /metrics/)
})

test('/metrics counts what failed and what is going on', async (t) => {
  const origin = await startOrigin(t)
  const refusing = await startRefusingOrigin(t)
  const balancer = await startBalancer(t, { servers: [refusing, origin], retries: { attempts: 0 } })
  assert.equal((await balancer.exchange(get())).status, 502)
  const client = await balancer.connect()
  client.send(get())
  await origin.nextConnection()
  const { TotalRequests, FailedRequests, ActiveConnections } = JSON.parse(
    (await balancer.exchange(get('/metrics'))).text,
  )
  assert.deepEqual([TotalRequests, FailedRequests, ActiveConnections], [2, 1, 1])
})

test('/metrics answers in the format of Prometheus to a scraper, or when asked to', async (t) => {
  const origin = await startOrigin(t, answers(ok('fine')))
  const balancer = await startBalancer(t, { servers: [origin] })
  await balancer.exchange(get())
  for (const request of [
    get('/metrics?format=prometheus'),
    get(
      '/metrics',
      'Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    ),
  ]) {
    const answer = await balancer.exchange(request)
    assert.match(answer.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    const labels = `upstream="main",server="${origin.url}"`
    for (const line of [
      `octoload_requests_total{${labels},code="200"} 1`,
      `octoload_server_up{${labels}} 1`,
      `octoload_exchanges_in_flight{${labels}} 0`,
      `octoload_exchange_duration_seconds_count{${labels}} 1`,
      `octoload_exchange_duration_seconds_bucket{${labels},le="+Inf"} 1`,
      'octoload_received_requests_total 1',
      'octoload_failures_total{reason="connect_refused"} 0',
      'octoload_retries_total 0',
      'octoload_client_connections_active 1',
    ]) {
      assert.ok(answer.text.split('\n').includes(line), `${line} in\n${answer.text}`)
    }
  }
  assert.match((await balancer.exchange(get('/metrics?format=json', 'Accept: text/plain;version=0.0.4'))).text, /^\{/)
})

test('/metrics can be moved, and turned off', async (t) => {
  const origin = await startOrigin(
    t,
    answers((request) => ok(`server ${request.target}`)),
  )
  const moved = await startBalancer(t, { servers: [origin], metrics: { path: '/-/numbers' } })
  assert.match((await moved.exchange(get('/-/numbers'))).text, /TotalRequests/)
  assert.equal((await moved.exchange(get('/metrics'))).text, 'server /metrics')
  assert.equal((await moved.exchange(get('/-/numbersx'))).text, 'server /-/numbersx')
  const off = await startBalancer(t, { servers: [origin], metrics: 'off' })
  assert.equal((await off.exchange(get('/metrics'))).text, 'server /metrics')
})
