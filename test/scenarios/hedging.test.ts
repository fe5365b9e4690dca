// A request that takes unusually long goes to a second server, too: the first response wins, and the other attempt leaves no
// trace. Servers that are to be slow wait for what is to happen first, so that no clock decides.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Balancer, type Setup, startBalancer } from '../support/balancer.ts'
import { get, post } from '../support/client.ts'
import { readRequest } from '../support/message.ts'
import { answers, type Origin, ok, type Script, startOrigin, startRefusingOrigin } from '../support/origin.ts'
import { quiet } from '../support/quiet.ts'
import { eventually, pause } from '../support/wait.ts'
import type { Wire } from '../support/wire.ts'

const HEDGING = { after: '30ms' }
const echo = answers((request) => ok(`${request.method} ${request.text}`))

/** Reads a request, waits until `origin` has one too, and goes on with `then`. */
function after(origin: () => Origin, then: (connection: Wire) => unknown): Script {
  return async (connection) => {
    await readRequest(connection)
    await eventually(() => origin().text.includes('\r\n\r\n'), 'the hedge')
    await then(connection)
  }
}

function totals(balancer: Balancer) {
  const { hedges, hedgesWon, hedgesOverBudget, retries, failed } = balancer.lb.metrics().totals
  return { hedges, hedgesWon, hedgesOverBudget, retries, failed }
}

const NONE = { hedges: 0, hedgesWon: 0, hedgesOverBudget: 0, retries: 0, failed: 0 }

test('a second server is asked, its response wins, and the connection to the first one is closed', async (t) => {
  const slow = await startOrigin(t)
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [slow, origin], hedging: HEDGING, logging: { level: 'debug' } })
  assert.equal((await balancer.exchange(get())).text, 'GET ')
  await (await slow.nextConnection()).over()
  assert.deepEqual(totals(balancer), { ...NONE, hedges: 1, hedgesWon: 1 })
  const { servers } = balancer.lb.metrics()
  assert.deepEqual(
    servers.map((server) => server.failed),
    [0, 0],
    'to be slow is no failure',
  )
  assert.deepEqual(servers[1]!.statuses, { 200: 1 })
  await balancer.logged(/Asking a second server: \S+ has not answered GET \/ after \d+ ms/)
  await quiet(balancer)
})

test('the first server wins if it answers first, and the hedge is given up', async (t) => {
  const second = await startOrigin(t)
  const first = await startOrigin(
    t,
    after(
      () => second,
      (connection) => connection.send(ok('first')),
    ),
  )
  const balancer = await startBalancer(t, { servers: [first, second], hedging: HEDGING })
  assert.equal((await balancer.exchange(get())).text, 'first')
  await (await second.nextConnection()).over()
  assert.deepEqual(totals(balancer), { ...NONE, hedges: 1 })
  await quiet(balancer)
})

test('what the loser has sent of its head, or sends too late, reaches nobody', async (t) => {
  let sent = false
  const second = await startOrigin(
    t,
    answers(async () => {
      await eventually(() => sent, 'the first one to begin')
      return ok('second')
    }),
  )
  const first = await startOrigin(
    t,
    after(
      () => second,
      async (connection) => {
        connection.send('HTTP/1.1 200 OK\r\nX-Loser: ')
        sent = true
        await connection.over()
        connection.send('1\r\nContent-Length: 5\r\n\r\nfirst')
      },
    ),
  )
  const balancer = await startBalancer(t, { servers: [first, second], hedging: HEDGING })
  const client = await balancer.connect()
  for (let request = 0; request < 2; request++) {
    client.send(get())
    const response = await client.response()
    assert.equal(response.get('x-loser'), undefined)
    assert.equal(response.text, 'second')
    if (request === 0) await quiet(balancer)
  }
  assert.equal(client.drained, true)
})

test('a large response of the winner comes whole', async (t) => {
  const body = 'x'.repeat(3_000_000)
  const slow = await startOrigin(t)
  const origin = await startOrigin(t, answers(ok(body)))
  const balancer = await startBalancer(t, { servers: [slow, origin], hedging: HEDGING })
  assert.equal((await balancer.exchange(get())).text, body)
  await quiet(balancer)
})

test('a PUT goes to both with its body', async (t) => {
  const slow = await startOrigin(t)
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [slow, origin], hedging: HEDGING })
  assert.equal((await balancer.exchange(post('body').replace('POST', 'PUT'))).text, 'PUT body')
  await (await slow.nextConnection()).seen(/\r\n\r\nbody$/)
})

test('only what is idempotent, has come whole, and is no upgrade', async (t) => {
  const slow =
    (text: string): Script =>
    async (connection) => {
      await readRequest(connection)
      await pause(150)
      connection.send(ok(text))
    }
  const upgrade = get('/', 'Connection: Upgrade', 'Upgrade: websocket')
  for (const request of [post('once'), upgrade]) {
    const servers = [await startOrigin(t, slow('first')), await startOrigin(t, echo)]
    const balancer = await startBalancer(t, { servers, hedging: HEDGING })
    assert.equal((await balancer.exchange(request)).text, 'first')
    assert.deepEqual(totals(balancer), NONE)
  }
  const servers = [await startOrigin(t, slow('first')), await startOrigin(t, echo)]
  const balancer = await startBalancer(t, { servers, hedging: HEDGING })
  const client = await balancer.connect()
  client.send('PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n')
  await (await servers[0]!.nextConnection()).seen('\r\n\r\n')
  client.send('late')
  assert.equal((await client.response()).text, 'first')
  assert.deepEqual(totals(balancer), NONE)
})

test('a server that answers in time is not doubted, and hedging is off by default', async (t) => {
  const servers = [await startOrigin(t, echo), await startOrigin(t, echo)]
  const balancer = await startBalancer(t, { servers, hedging: { after: '1h' } })
  for (let request = 0; request < 4; request++) await balancer.exchange(get())
  assert.deepEqual(totals(balancer), NONE)
  const slow = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    await pause(150)
    connection.send(ok('first'))
  })
  const other = await startBalancer(t, { servers: [slow, ...servers] })
  assert.equal((await other.exchange(get())).text, 'first')
  assert.deepEqual(totals(other), NONE)
})

test('never the same server, and never more than two', async (t) => {
  const alone = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    await pause(150)
    connection.send(ok('alone'))
  })
  const one = await startBalancer(t, { servers: [alone], hedging: HEDGING })
  assert.equal((await one.exchange(get())).text, 'alone')
  assert.equal(alone.connections.length, 1)
  assert.deepEqual(totals(one), NONE)

  const silent = [await startOrigin(t), await startOrigin(t), await startOrigin(t)]
  const three = await startBalancer(t, { servers: silent, hedging: HEDGING, timeouts: { exchange: '1s' } })
  assert.equal((await three.exchange(get())).status, 504)
  assert.equal(silent.filter((origin) => origin.connections.length === 1).length, 2)
  assert.deepEqual(totals(three), { ...NONE, hedges: 1, failed: 1 })
  for (const origin of silent) for (const connection of origin.connections) await connection.over()
  await quiet(three)
})

test('a hedge that is not sent takes no place in the upstream', async (t) => {
  const slow = await startOrigin(t)
  const other = await startOrigin(t, echo)
  const balancer = await startBalancer(t, {
    servers: [slow, other],
    upstream: { max_active: 2 },
    hedging: HEDGING,
    retries: { budget_ratio: 0, budget_min_per_second: 0 },
  })
  const waits = await balancer.connect()
  waits.send(get())
  await eventually(() => totals(balancer).hedgesOverBudget === 1, 'the hedge to be refused')
  assert.equal((await balancer.exchange(get())).status, 200)
  waits.socket.destroy()
  await quiet(balancer)
})

test('without budget there is no hedge', async (t) => {
  const slow: Origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    await eventually(() => totals(balancer).hedgesOverBudget === 1, 'the hedge to be refused')
    connection.send(ok('first'))
  })
  const other = await startOrigin(t, echo)
  const balancer = await startBalancer(t, {
    servers: [slow, other],
    hedging: HEDGING,
    retries: { budget_ratio: 0, budget_min_per_second: 0 },
  })
  assert.equal((await balancer.exchange(get())).text, 'first')
  assert.deepEqual(totals(balancer), { ...NONE, hedgesOverBudget: 1 })
  assert.equal(other.connections.length, 0)
})

test('when the first one breaks off, the hedge goes on, and that is no retry', async (t) => {
  const second: Origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    await eventually(() => balancer.lb.metrics().servers[0]!.failed === 1, 'the first one to fail')
    connection.send(ok('second'))
  })
  const first = await startOrigin(
    t,
    after(
      () => second,
      (connection) => connection.reset(),
    ),
  )
  const balancer = await startBalancer(t, { servers: [first, second], hedging: HEDGING })
  assert.equal((await balancer.exchange(get())).text, 'second')
  assert.deepEqual(totals(balancer), { ...NONE, hedges: 1, hedgesWon: 1 })
  await quiet(balancer)
})

test('when the hedge cannot even connect, the first one goes on', async (t) => {
  const refusing = await startRefusingOrigin(t)
  const first: Origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    await eventually(() => balancer.lb.metrics().servers[1]!.failed === 1, 'the hedge to fail')
    connection.send(ok('first'))
  })
  const balancer = await startBalancer(t, { servers: [first, refusing], hedging: HEDGING })
  assert.equal((await balancer.exchange(get())).text, 'first')
  assert.deepEqual(totals(balancer), { ...NONE, hedges: 1 })
  await quiet(balancer)
})

test('when both fail a third server is asked; without one the client gets one failure', async (t) => {
  const failing = async (): Promise<Origin[]> => {
    const second: Origin = await startOrigin(
      t,
      after(
        () => first,
        async (connection) => {
          await first.connections[0]!.over()
          connection.reset()
        },
      ),
    )
    const first: Origin = await startOrigin(
      t,
      after(
        () => second,
        (connection) => connection.reset(),
      ),
    )
    return [first, second]
  }
  const balancer = await startBalancer(t, {
    servers: [...(await failing()), await startOrigin(t, echo)],
    hedging: HEDGING,
  })
  assert.equal((await balancer.exchange(get())).text, 'GET ')
  assert.deepEqual(totals(balancer), { ...NONE, hedges: 1, retries: 1 })
  await quiet(balancer)
  const two = await startBalancer(t, { servers: await failing(), hedging: HEDGING, retries: { attempts: 0 } })
  assert.equal((await two.exchange(get())).status, 502)
  assert.deepEqual(totals(two), { ...NONE, hedges: 1, failed: 1 })
  assert.equal(two.lb.metrics().failures.closed_before_response, 1)
  await quiet(two)
})

test('a status to try again after does not win while the other one may do better', async (t) => {
  const busy = 'HTTP/1.1 503 Busy\r\nSet-Cookie: secret=1\r\nContent-Length: 4\r\n\r\nbusy'
  const second: Origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    await eventually(() => balancer.lb.metrics().servers[0]!.failed === 1, 'the first response to be set aside')
    connection.send(ok('second'))
  })
  const first = await startOrigin(
    t,
    after(
      () => second,
      (connection) => connection.send(busy),
    ),
  )
  const balancer = await startBalancer(t, { servers: [first, second], hedging: HEDGING, retries: { on: [503] } })
  const response = await balancer.exchange(get())
  assert.equal(response.text, 'second')
  assert.equal(response.get('set-cookie'), undefined)
  assert.deepEqual(totals(balancer), { ...NONE, hedges: 1, hedgesWon: 1 })
  await quiet(balancer)

  const silent = await startOrigin(t)
  const plain = await startOrigin(
    t,
    after(
      () => silent,
      (connection) => connection.send(busy),
    ),
  )
  const other = await startBalancer(t, { servers: [plain, silent], hedging: HEDGING })
  assert.equal((await other.exchange(get())).text, 'busy')
})

test('an interim response settles it', async (t) => {
  const second: Origin = await startOrigin(t)
  const first = await startOrigin(
    t,
    after(
      () => second,
      async (connection) => {
        connection.send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
        await second.connections[0]!.over()
        connection.send(ok('first'))
      },
    ),
  )
  const balancer = await startBalancer(t, { servers: [first, second], hedging: HEDGING })
  const client = await balancer.connect()
  client.send(get())
  assert.equal((await client.response()).status, 103)
  assert.equal((await client.response()).text, 'first')
  await quiet(balancer)
})

test('a client that leaves takes both attempts with it', async (t) => {
  const servers = [await startOrigin(t), await startOrigin(t)]
  const balancer = await startBalancer(t, { servers, hedging: HEDGING })
  const client = await balancer.connect()
  client.send(get())
  const connections = [await servers[0]!.nextConnection(), await servers[1]!.nextConnection()]
  client.reset()
  for (const connection of connections) await connection.over()
  await quiet(balancer)
  assert.equal(balancer.lb.metrics().failures.client_closed, 1)
})

test('a shutdown waits for whichever is first, and cuts both in the end', async (t) => {
  const servers = [await startOrigin(t), await startOrigin(t)]
  const balancer = await startBalancer(t, { servers, hedging: HEDGING })
  const client = await balancer.connect()
  client.send(get())
  const connections = [await servers[0]!.nextConnection(), await servers[1]!.nextConnection()]
  const stopped = balancer.lb.stop({ timeout: 50 })
  assert.equal((await client.response()).status, 503)
  for (const connection of connections) await connection.over()
  await stopped
})

test('no hedge while a retry waits', async (t) => {
  const busy = 'HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n'
  const sick = await startOrigin(t, answers(busy))
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, {
    servers: [sick, origin],
    hedging: { after: '900ms' },
    retries: { on: [503], backoff_base: 'off' },
  })
  assert.equal((await balancer.exchange(get())).status, 200)
  assert.deepEqual(totals(balancer), { ...NONE, retries: 1 })
})

test('an attempt that is a retry may be hedged like the first one', async (t) => {
  const refusing = await startRefusingOrigin(t)
  const slow = await startOrigin(t)
  const origin = await startOrigin(t, echo)
  // Long enough for the refusal to come before a hedge.
  const balancer = await startBalancer(t, { servers: [refusing, slow, origin], hedging: { after: '1s' } })
  assert.equal((await balancer.exchange(get())).text, 'GET ')
  assert.deepEqual(totals(balancer), { ...NONE, hedges: 1, hedgesWon: 1, retries: 1 })
  await quiet(balancer)
})

test('after a percentile: it is learned from the traffic of the route, and then a slow server is doubled', async (t) => {
  let slow = false
  const second: Origin = await startOrigin(t, echo)
  const first = await startOrigin(t, async (connection) => {
    while (await connection.more()) {
      const { method } = await readRequest(connection)
      if (slow) return
      connection.send(ok(`${method} `))
    }
  })
  const balancer = await startBalancer(t, { servers: [first, second], hedging: { after: 'p95' } })
  const client = await balancer.connect()
  for (let request = 0; request < 100; request++) {
    client.send(get())
    assert.equal((await client.response()).status, 200)
  }
  slow = true
  // One of these meets the server that never answers, and would wait for ever.
  for (let request = 0; request < 2; request++) {
    client.send(get())
    assert.equal((await client.response()).status, 200)
  }
  assert.ok(totals(balancer).hedgesWon >= 1)
  await quiet(balancer)
})

test('many requests against slow servers: every one is answered once, and no count stays behind', async (t) => {
  let number = 0
  const script: Script = async (connection) => {
    while (await connection.more()) {
      const { target } = await readRequest(connection)
      if (++number % 5 === 0) await pause(30)
      connection.send(ok(target))
    }
  }
  const servers = [await startOrigin(t, script), await startOrigin(t, script), await startOrigin(t, script)]
  const balancer = await startBalancer(t, {
    servers,
    strategy: 'least_active',
    hedging: { after: '5ms' },
    retries: { budget_min_per_second: 1000 },
  })
  const clients = await Promise.all(Array.from({ length: 8 }, () => balancer.connect()))
  await Promise.all(
    clients.map(async (client, index) => {
      for (let request = 0; request < 40; request++) {
        client.send(get(`/${index}/${request}`))
        assert.equal((await client.response()).text, `/${index}/${request}`)
      }
    }),
  )
  await quiet(balancer)
  const { hedges } = totals(balancer)
  assert.ok(hedges > 0)
  const { servers: sums } = balancer.lb.metrics()
  assert.equal(
    sums.reduce((sum, server) => sum + server.picked, 0),
    320 + hedges,
  )
})

/** A balancer that hedges before a server that answers the first requests as told, and then no more, and a good one. */
async function startHanging(t: TestContext, first: readonly string[], setup: Setup): Promise<Balancer> {
  let answered = 0
  const hanging = await startOrigin(t, async (connection) => {
    while (await connection.more()) {
      await readRequest(connection)
      const answer = first[answered++]
      if (answer !== undefined) connection.send(answer)
    }
  })
  const good = await startOrigin(t, answers(ok('good')))
  return startBalancer(t, {
    servers: [hanging, good],
    strategy: 'round_robin',
    hedging: HEDGING,
    retries: { budget_min_per_second: 1000 },
    ...setup,
  })
}

/** Requests one after another, until the log has a line like this. */
async function askUntilLogged(balancer: Balancer, line: RegExp): Promise<void> {
  await eventually(async () => {
    await balancer.exchange(get())
    return balancer.countLogged(line) > 0
  }, `${line} in the log`)
}

test('a server that hangs is ejected though each of its requests is overtaken by a hedge', async (t) => {
  const balancer = await startHanging(t, [], { outlier_detection: {}, timeouts: { response_head: '1s' } })
  await askUntilLogged(balancer, /is ejected for .*: 5 attempts in a row had no usable answer$/)
  const { hedgesWon, failed } = totals(balancer)
  assert.ok(hedgesWon > 5)
  assert.equal(failed, 0)
})

test('what a hedge has overtaken counts as slow: a server that hangs is ejected by latency', async (t) => {
  const outlier_detection = { latency_factor: 1.5, latency_floor: '20ms', interval: '100ms', min_requests: 2 } as const
  const balancer = await startHanging(t, [], { outlier_detection })
  await askUntilLogged(balancer, /is ejected for .*: half of its attempts took over/)
})

test('a trial of a circuit breaker that a hedge has overtaken has failed', async (t) => {
  const bad = 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n'
  const balancer = await startHanging(t, [bad, bad], {
    circuit_breaker: { consecutive_failures: 2, error_rate: 'off', open_time: '50ms', trials: 1 },
  })
  await askUntilLogged(balancer, /is open for .*: a trial had no answer after \d+ ms$/)
})
