// When another server is asked, and when not: never when something could have been executed twice.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBalancer } from '../support/balancer.ts'
import { get, post } from '../support/client.ts'
import { readRequest } from '../support/message.ts'
import { answers, ok, type Script, startOrigin, startRefusingOrigin } from '../support/origin.ts'
import { eventually } from '../support/wait.ts'
import type { Wire } from '../support/wire.ts'

/** Health that stays as it is, so that every choice meets the refusing servers again. */
const NO_PASSIVE = { connect_failures: 0 }
const echo = answers((request) => ok(`${request.method} ${request.text}`))

test('nobody notices a server that refuses connections', async (t) => {
  const refusing = await startRefusingOrigin(t)
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [refusing, origin], passive_health: NO_PASSIVE })
  const client = await balancer.connect()
  for (let request = 0; request < 6; request++) {
    client.send(get())
    assert.equal((await client.response()).status, 200)
  }
  const { totals } = balancer.lb.metrics()
  assert.ok(totals.retries >= 3, `${totals.retries} retries`)
  assert.equal(totals.failed, 0)
  await balancer.logged(/Retrying .*connection refused/)
})

test('a POST that never reached a server is sent to the next one, with its body', async (t) => {
  const refusing = await startRefusingOrigin(t)
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [refusing, origin], passive_health: NO_PASSIVE })
  const large = 'x'.repeat(60_000)
  for (const body of ['small', large]) {
    assert.equal((await balancer.exchange(post(body))).text, `POST ${body}`)
    assert.equal((await balancer.exchange(post(body))).text, `POST ${body}`)
  }
})

test('a POST whose body is still coming is sent to the next server too, every byte of it', async (t) => {
  const refusing = await startRefusingOrigin(t)
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [refusing, origin], passive_health: NO_PASSIVE })
  const client = await balancer.connect()
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n12345')
  await (await origin.nextConnection()).seen('12345')
  client.send('67890')
  assert.equal((await client.response()).text, 'POST 1234567890')
})

test('asks each server once, and answers 502 when all refuse', async (t) => {
  const servers = [await startRefusingOrigin(t), await startRefusingOrigin(t), await startRefusingOrigin(t)]
  const balancer = await startBalancer(t, { servers, retries: { attempts: 10 }, passive_health: NO_PASSIVE })
  assert.equal((await balancer.exchange(get())).status, 502)
  const metrics = balancer.lb.metrics()
  assert.deepEqual(
    metrics.servers.map((server) => server.picked),
    [1, 1, 1],
  )
  assert.equal(metrics.failures.connect_refused, 1, 'the exchange failed once, whatever was tried')
})

test('finds the one server that works among three, whichever is first', async (t) => {
  const servers = [await startRefusingOrigin(t), await startRefusingOrigin(t), await startOrigin(t, echo)]
  const balancer = await startBalancer(t, { servers, retries: { attempts: 2 }, passive_health: NO_PASSIVE })
  for (let request = 0; request < 6; request++) assert.equal((await balancer.exchange(get())).status, 200)
})

test('makes no more attempts than it may', async (t) => {
  const servers = [await startRefusingOrigin(t), await startRefusingOrigin(t), await startRefusingOrigin(t)]
  for (const [attempts, picks] of [
    [0, 1],
    [1, 2],
  ]) {
    const balancer = await startBalancer(t, { servers, retries: { attempts: attempts! }, passive_health: NO_PASSIVE })
    assert.equal((await balancer.exchange(get())).status, 502)
    const picked = balancer.lb.metrics().servers.reduce((sum, server) => sum + server.picked, 0)
    assert.equal(picked, picks)
  }
})

/** Answers the first request of its first connection and ends that at the second one, without a byte of an answer. */
function stale(end: (connection: Wire) => void): Script {
  return async (connection, number) => {
    for (let request = 1; await connection.more(); request++) {
      const { method, text } = await readRequest(connection)
      if (number === 1 && request === 2) return end(connection)
      connection.send(ok(`${method} ${text}`))
    }
  }
}

for (const [how, end] of [
  ['closed', (connection: Wire) => connection.end()],
  ['reset', (connection: Wire) => connection.reset()],
] as const) {
  test(`a GET on a reused connection that the server ${how} is sent again`, async (t) => {
    const origin = await startOrigin(t, stale(end))
    const balancer = await startBalancer(t, { servers: [origin] })
    const client = await balancer.connect()
    client.send(get())
    assert.equal((await client.response()).status, 200)
    client.send(get())
    assert.equal((await client.response()).text, 'GET ')
    assert.equal(origin.connections.length, 2)
  })

  test(`a PUT with its body on a reused connection that the server ${how} is sent again`, async (t) => {
    const origin = await startOrigin(t, stale(end))
    const balancer = await startBalancer(t, { servers: [origin] })
    const client = await balancer.connect()
    client.send(get())
    await client.response()
    client.send(post('whole').replace('POST', 'PUT'))
    assert.equal((await client.response()).text, 'PUT whole')
  })

  test(`a POST on a reused connection that the server ${how} is not sent again: 502`, async (t) => {
    const origin = await startOrigin(t, stale(end))
    const other = await startOrigin(t, echo)
    const balancer = await startBalancer(t, { servers: [{ url: origin.url, weight: 1 }, other] })
    const client = await balancer.connect()
    client.send(get() + get())
    await client.response()
    await client.response()
    client.send(post('once'))
    assert.equal((await client.response()).status, 502)
    assert.doesNotMatch(other.text, /once/)
    assert.equal(origin.connections.length, 1)
  })
}

test('a PUT whose body was streamed is not sent again', async (t) => {
  const origin = await startOrigin(t, async (connection, number) => {
    await connection.seen(/\r\n\r\n/)
    if (number > 1) return void connection.send(ok('again'))
    connection.send(ok())
    await connection.seen(/PUT.*streamed/s)
    connection.end()
  })
  const balancer = await startBalancer(t, { servers: [origin] })
  const client = await balancer.connect()
  client.send(get())
  await client.response()
  client.send('PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 12\r\n\r\n1234')
  const connection = await origin.nextConnection()
  await connection.seen('1234')
  client.send('streamed')
  assert.equal((await client.response()).status, 502)
})

test('nothing is sent again once a byte of the response has come', async (t) => {
  const origin = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    connection.end('HTTP/1.1 20')
  })
  const other = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [origin, other] })
  assert.equal((await balancer.exchange(get())).status, 502)
  assert.equal(other.connections.length, 0)
})

test('an error status of a server is an answer, not a reason to ask another', async (t) => {
  const origin = await startOrigin(t, answers('HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy'))
  const other = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [origin, other] })
  assert.equal((await balancer.exchange(get())).text, 'busy')
  assert.equal(other.connections.length, 0)
})

test('the budget keeps a storm of retries small', async (t) => {
  const servers = [await startRefusingOrigin(t), await startRefusingOrigin(t), await startRefusingOrigin(t)]
  const balancer = await startBalancer(t, {
    servers,
    retries: { attempts: 2, budget_ratio: 0.1, budget_min_per_second: 0 },
    passive_health: NO_PASSIVE,
  })
  const client = await balancer.connect()
  client.send(get().repeat(100))
  for (let request = 0; request < 100; request++) assert.equal((await client.response()).status, 502)
  const { totals } = balancer.lb.metrics()
  assert.ok(totals.retries > 0 && totals.retries <= 10, `${totals.retries} retries for 100 requests`)
  assert.ok(totals.retriesOverBudget >= 90)
})

test('a retry may go to a server that joined after the request had come', async (t) => {
  let breaks = () => {}
  const broken = new Promise<void>((resolve) => {
    breaks = resolve
  })
  const first = await startOrigin(t, async (connection, number) => {
    await readRequest(connection)
    if (number === 1) await broken
    connection.reset()
  })
  const joining = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [first], strategy: 'least_active' })
  const client = await balancer.connect()
  client.send(get())
  await (await first.nextConnection()).more()
  await balancer.lb.addServer(joining.url)
  await eventually(async () => (await balancer.exchange(get())).status === 200, 'the new plan')
  breaks()
  assert.equal((await client.response()).status, 200)
})
