// Servers that are up but do badly: left out while they do, never all of them, and back when their time is over.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { answers, ok, type Script, startOrigin, startRefusingOrigin } from '../support/origin.ts'
import { eventually } from '../support/wait.ts'

const EJECTS = { base_time: '20s', jitter: 0 } as const
const FAILING = 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\n\r\nbad'

/** Accepts connections and closes each when a request has come. */
const CRASHES: Script = async (connection) => {
  await connection.more()
  connection.reset()
}

/** One origin that does badly as long as told, and good ones that answer with a letter. */
async function startOrigins(t: TestContext, bad: () => string) {
  const origins = [
    await startOrigin(
      t,
      answers(() => bad()),
    ),
    await startOrigin(t, answers(ok('b'))),
  ]
  return { origins, url: origins[0]!.url }
}

function serverOf(balancer: Balancer, url: string) {
  return balancer.lb.metrics().servers.find((server) => server.url === url)!
}

test('a server that breaks off every exchange is ejected, and no client notices', async (t) => {
  const crashing = await startOrigin(t, CRASHES)
  const good = await startOrigin(t, answers(ok('good')))
  const balancer = await startBalancer(t, { servers: [crashing, good], outlier_detection: EJECTS })
  const ejected = new Promise<unknown>((resolve) => balancer.lb.once('server-ejected', resolve))
  for (let request = 0; request < 30; request++) assert.equal((await balancer.exchange(get())).text, 'good')
  assert.deepEqual(await ejected, {
    upstream: 'main',
    server: crashing.url,
    reason: '5 attempts in a row had no usable answer',
    millis: 20_000,
  })
  const line = `Server ${crashing.url} is ejected for 20 s, until \\d\\d:\\d\\d:\\d\\d: 5 attempts in a row had no usable answer$`
  await balancer.logged(new RegExp(line))
  assert.equal(crashing.connections.length, 5)
  const { health, ejected: out, ejections } = serverOf(balancer, crashing.url)
  assert.deepEqual([health, out, ejections], ['up', true, 1])
})

test('all workers together count the failures', async (t) => {
  const crashing = await startOrigin(t, CRASHES)
  const good = await startOrigin(t, answers(ok('good')))
  const servers = [crashing, good]
  const balancer = await startBalancer(t, { servers, workers: 2, outlier_detection: EJECTS })
  for (let request = 0; request < 30; request++) assert.equal((await balancer.exchange(get())).text, 'good')
  await balancer.logged(/is ejected/)
  assert.equal(crashing.connections.length, 5)
})

test('an ejected server is back after its time', async (t) => {
  let bad = true
  const { origins, url } = await startOrigins(t, () => (bad ? FAILING : ok('a')))
  const outlier_detection = { consecutive_errors: 3, base_time: '100ms', jitter: 0 } as const
  const balancer = await startBalancer(t, { servers: origins, outlier_detection })
  const returned = new Promise<{ server: string }>((resolve) => balancer.lb.once('server-returned', resolve))
  for (let request = 0; request < 6; request++) await balancer.exchange(get())
  await balancer.logged(/is ejected for 100 ms, until \S+: 3 attempts in a row failed, the last one with status 500/)
  bad = false
  assert.equal((await returned).server, url)
  await balancer.logged(/is back after .* of ejection: its time is over/)
  const letters = [(await balancer.exchange(get())).text, (await balancer.exchange(get())).text]
  assert.deepEqual(letters.sort(), ['a', 'b'])
})

test('error statuses of a server eject it only where that is asked for', async (t) => {
  const { origins, url } = await startOrigins(t, () => FAILING)
  const balancer = await startBalancer(t, { servers: origins, outlier_detection: {} })
  for (let request = 0; request < 40; request++) await balancer.exchange(get())
  const { statuses, ejections } = serverOf(balancer, url)
  assert.deepEqual([statuses, ejections], [{ 500: 20 }, 0])
})

test('the last server that is left serves, however bad it is', async (t) => {
  const refusing = await startRefusingOrigin(t)
  const { origins } = await startOrigins(t, () => FAILING)
  const balancer = await startBalancer(t, {
    servers: [refusing, origins[0]!],
    outlier_detection: { ...EJECTS, consecutive_errors: 3, max_ejected: 1 },
    passive_health: { connect_failures: 1 },
  })
  for (let request = 0; request < 20; request++) assert.equal((await balancer.exchange(get())).status, 500)
  assert.equal(balancer.countLogged(/is ejected/), 0)
})

test('when the last other server goes down, the ejected one serves again at once', async (t) => {
  const crashing = await startOrigin(t, CRASHES)
  const other = await startOrigin(t, answers(ok('other')))
  const balancer = await startBalancer(t, {
    servers: [crashing, other],
    outlier_detection: EJECTS,
    passive_health: { connect_failures: 1 },
  })
  for (let request = 0; request < 20; request++) assert.equal((await balancer.exchange(get())).text, 'other')
  await balancer.logged(/is ejected/)
  await other.close()
  await balancer.exchange(get())
  await balancer.logged(/is back after .* of ejection: no other server is left/)
  const before = crashing.connections.length
  await balancer.exchange(get())
  assert.ok(crashing.connections.length > before)
})

test('a server that fails much more often than the others is ejected by comparison', async (t) => {
  let turn = 0
  const { origins, url } = await startOrigins(t, () => (turn++ % 2 === 0 ? FAILING : ok('a')))
  const outlier_detection = { ...EJECTS, interval: '100ms', min_requests: 5, failure_percentage: '40%' } as const
  const balancer = await startBalancer(t, { servers: origins, outlier_detection })
  const client = await balancer.connect()
  await eventually(async () => {
    for (let request = 0; request < 40; request++) {
      client.send(get())
      await client.response()
    }
    return serverOf(balancer, url).ejected
  }, 'the ejection')
  await balancer.logged(/is ejected for .*: \d+(\.\d)? % of \d+ attempts failed$/)
})

test('a circuit breaker opens, tries the server with few requests, and closes when they succeed', async (t) => {
  let bad = true
  const { origins, url } = await startOrigins(t, () => (bad ? FAILING : ok('a')))
  const balancer = await startBalancer(t, {
    servers: origins,
    circuit_breaker: { consecutive_failures: 4, error_rate: 'off', open_time: '150ms', trials: 2 },
  })
  const states: string[] = []
  balancer.lb.on('breaker', ({ state }) => states.push(state))
  for (let request = 0; request < 8; request++) await balancer.exchange(get())
  await balancer.logged(/Circuit breaker of server \S+ is open for 150 ms, until \S+: 4 attempts in a row failed$/)
  await balancer.logged(/Circuit breaker of server \S+ is half-open: 2 requests may try it$/)
  await eventually(async () => {
    await balancer.exchange(get())
    return states.length > 2
  }, 'a trial to fail')
  await balancer.logged(/is open for 300 ms, until \S+ \(time 2 in a row\): a trial was answered with 500$/)
  bad = false
  await eventually(async () => {
    await balancer.exchange(get())
    return states.at(-1) === 'closed'
  }, 'the breaker to close')
  await balancer.logged(/Circuit breaker of server \S+ is closed: all trials succeeded$/)
  assert.deepEqual(states, ['open', 'half_open', 'open', 'half_open', 'closed'])
  const { breaker, breakerOpenings } = serverOf(balancer, url)
  assert.deepEqual([breaker, breakerOpenings], ['closed', 2])
})

test('with all breakers open clients get 503 at once, and no server is asked', async (t) => {
  const crashing = await startOrigin(t, CRASHES)
  const balancer = await startBalancer(t, {
    servers: [crashing],
    retries: { attempts: 0 },
    circuit_breaker: { consecutive_failures: 2, open_time: '10m', max_open_time: '10m' },
  })
  for (let request = 0; request < 2; request++) assert.equal((await balancer.exchange(get())).status, 502)
  assert.equal((await balancer.exchange(get())).status, 503)
  assert.equal(crashing.connections.length, 2)
  // The main thread says when the first trial will be.
  await balancer.logged(/is open for/)
  const seconds = Number((await balancer.exchange(get())).get('retry-after'))
  assert.ok(seconds > 500 && seconds <= 600, `${seconds} s`)
})

test('a tunnel is a good trial as soon as it stands', async (t) => {
  let bad = true
  const upgraded = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'
  const origin = await startOrigin(
    t,
    answers(() => (bad ? FAILING : upgraded)),
  )
  const balancer = await startBalancer(t, {
    servers: [origin],
    circuit_breaker: { consecutive_failures: 2, open_time: '50ms', trials: 1 },
  })
  for (let request = 0; request < 2; request++) await balancer.exchange(get())
  await balancer.logged(/is half-open/)
  bad = false
  const client = await balancer.connect()
  client.send(get('/', 'Connection: Upgrade', 'Upgrade: echo'))
  await client.seen(/101 Switching/)
  await balancer.logged(/is closed: the trial succeeded/)
})

test('the metrics show ejections and breakers', async (t) => {
  const crashing = await startOrigin(t, CRASHES)
  const good = await startOrigin(t, answers(ok('good')))
  const balancer = await startBalancer(t, {
    servers: [crashing, good],
    outlier_detection: EJECTS,
    circuit_breaker: { consecutive_failures: 3, open_time: '20s' },
  })
  for (let request = 0; request < 12; request++) await balancer.exchange(get())
  await balancer.logged(/is open/)
  const { text } = await balancer.exchange(get('/metrics?format=prometheus'))
  const value = (name: string) =>
    new RegExp(`^${name}\\{upstream="main",server="${crashing.url}"\\} (\\S+)$`, 'm').exec(text)?.[1]
  assert.equal(value('octoload_server_breaker_state'), '2')
  assert.equal(value('octoload_server_breaker_openings_total'), '1')
  assert.equal(value('octoload_server_ejected'), '0')
  assert.equal(value('octoload_server_ejections_total'), '0')
})
