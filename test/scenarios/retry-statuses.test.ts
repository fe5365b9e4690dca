// Retries after a response or a time-out: what is thrown away reaches nobody, and what cannot be tried again is passed on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { get, post } from '../support/client.ts'
import { startFullListener } from '../support/full-listener.ts'
import { type Request, readRequest } from '../support/message.ts'
import { answers, type Origin, ok, startOrigin, startRefusingOrigin } from '../support/origin.ts'
import { quiet } from '../support/quiet.ts'
import { eventually } from '../support/wait.ts'

const echo = answers((request) => ok(`${request.method} ${request.text}`))

/** A response that nobody should see when it is thrown away. */
function busy(...fields: string[]): string {
  return ['HTTP/1.1 503 Busy', 'Set-Cookie: secret=1', ...fields, 'Content-Length: 4', '', 'busy'].join('\r\n')
}

const RETRIES = { on: ['connect_failure', 'reset', 503] as const, backoff_base: '1ms' }
const retries = (more: object = {}) => ({ ...RETRIES, on: [...RETRIES.on], ...more })

async function thrownAway(balancer: Balancer): Promise<void> {
  await eventually(() => balancer.lb.metrics().servers[0]!.failed === 1, 'the first response to be set aside')
}

test('a listed status is tried again on another server, and nothing of the first response reaches the client', async (t) => {
  const sick = await startOrigin(t, answers(busy()))
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [sick, origin], retries: retries() })
  const client = await balancer.connect()
  client.send(get())
  const response = await client.response()
  assert.equal(response.status, 200)
  assert.equal(response.get('set-cookie'), undefined)
  assert.equal(client.drained, true)
  const { totals, servers } = balancer.lb.metrics()
  assert.equal(totals.retries, 1)
  assert.equal(totals.retriesStatus, 1)
  assert.equal(totals.failed, 0)
  assert.deepEqual(servers[0]!.statuses, {})
  assert.equal(servers[0]!.failed, 1)
  await balancer.logged(/Retrying on another server: \S+ failed GET \/: status 503/)
  await quiet(balancer)
})

test('the connection of a response that was thrown away is used again', async (t) => {
  const sick = await startOrigin(t, answers(busy()))
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [sick, origin], retries: retries() })
  const client = await balancer.connect()
  for (let request = 0; request < 4; request++) {
    client.send(get())
    assert.equal((await client.response()).status, 200)
  }
  assert.ok(balancer.lb.metrics().totals.retries >= 2)
  assert.equal(sick.connections.length, 1)
})

test('a status that is not listed is passed on', async (t) => {
  const sick = await startOrigin(t, answers('HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n'))
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [sick, origin], retries: retries() })
  assert.equal((await balancer.exchange(get())).status, 500)
  assert.equal(origin.connections.length, 0)
})

test('a POST is not sent again after a status, unless `non_idempotent` says so', async (t) => {
  const sick = await startOrigin(t, answers(busy()))
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [sick, origin], retries: retries() })
  const response = await balancer.exchange(post('once'))
  assert.equal(response.text, 'busy')
  assert.equal(response.get('set-cookie'), 'secret=1')
  assert.equal(origin.connections.length, 0)
  const other = await startBalancer(t, { servers: [sick, origin], retries: retries({ non_idempotent: true }) })
  assert.equal((await other.exchange(post('twice'))).text, 'POST twice')
})

test('with `non_idempotent` a POST on a reused connection that was closed is sent again', async (t) => {
  const origin = await startOrigin(t, async (connection, number) => {
    for (let request = 1; await connection.more(); request++) {
      const { text } = await readRequest(connection)
      if (number === 1 && request === 2) return connection.end()
      connection.send(ok(text))
    }
  })
  const balancer = await startBalancer(t, { servers: [origin], retries: { non_idempotent: true } })
  const client = await balancer.connect()
  client.send(post('first'))
  assert.equal((await client.response()).text, 'first')
  client.send(post('second'))
  assert.equal((await client.response()).text, 'second')
})

test('a PUT goes again with its whole body; one that was streamed does not', async (t) => {
  const sick = await startOrigin(t, answers(busy()))
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [sick, origin], retries: retries() })
  assert.equal((await balancer.exchange(post('whole').replace('POST', 'PUT'))).text, 'PUT whole')
  const other = await startBalancer(t, { servers: [sick, origin], retries: retries() })
  const client = await other.connect()
  client.send('PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nfirst')
  await eventually(() => sick.text.includes('\r\n\r\nfirst'), 'the first part to arrive')
  client.send('last')
  assert.equal((await client.response()).text, 'busy')
  assert.equal(other.lb.metrics().totals.retries, 0)
  await quiet(other)
})

test('a body larger than what is held is not sent again: the client gets the response', async (t) => {
  const sick = await startOrigin(t, answers(busy()))
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [sick, origin], retries: retries() })
  const response = await balancer.exchange(post('x'.repeat(1_000_000)).replace('POST', 'PUT'))
  assert.equal(response.text, 'busy')
  assert.equal(origin.connections.length, 0)
})

test('an early response, before the request has come whole, is passed on', async (t) => {
  const sick = await startOrigin(t, async (connection) => {
    await connection.seen('\r\n\r\n')
    connection.send(busy())
  })
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [sick, origin], retries: retries() })
  const client = await balancer.connect()
  client.send('PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\n')
  assert.equal((await client.response()).text, 'busy')
  assert.equal(origin.connections.length, 0)
  await quiet(balancer)
})

test('when every server answers so, each is asked once, and the client gets the last response', async (t) => {
  const seen: string[] = []
  const sick = (name: string) =>
    startOrigin(
      t,
      answers(() => {
        seen.push(name)
        return busy(`X-Server: ${name}`)
      }),
    )
  const servers = [await sick('a'), await sick('b'), await sick('c')]
  const balancer = await startBalancer(t, { servers, retries: retries() })
  const response = await balancer.exchange(get())
  assert.equal(response.text, 'busy')
  assert.deepEqual(response.all('set-cookie'), ['secret=1'])
  assert.deepEqual([...seen].sort(), ['a', 'b', 'c'])
  assert.equal(response.get('x-server'), seen[2])
  const { totals, failures } = balancer.lb.metrics()
  assert.equal(totals.retries, 2)
  assert.ok(Object.values(failures).every((count) => count === 0))
})

test('never the same server twice in a row while there is another one', async (t) => {
  const seen: string[] = []
  const sick = (name: string) =>
    startOrigin(
      t,
      answers(() => {
        seen.push(name)
        return busy()
      }),
    )
  const servers = [await sick('a'), await sick('b')]
  const balancer = await startBalancer(t, { servers, retries: retries({ attempts: 5 }) })
  assert.equal((await balancer.exchange(get())).status, 503)
  assert.equal(seen.length, 6)
  for (const [index, name] of seen.entries()) assert.notEqual(name, seen[index - 1])
})

test('the only server there is gets a second chance, too', async (t) => {
  let requests = 0
  const origin = await startOrigin(
    t,
    answers(() => (++requests === 1 ? busy() : ok('better'))),
  )
  const balancer = await startBalancer(t, { servers: [origin], retries: retries() })
  assert.equal((await balancer.exchange(get())).text, 'better')
})

test('when the budget refuses, the client gets the response as it is', async (t) => {
  const sick = await startOrigin(t, answers(busy()))
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, {
    servers: [sick, origin],
    retries: retries({ budget_ratio: 0, budget_min_per_second: 0 }),
  })
  const response = await balancer.exchange(get())
  assert.equal(response.text, 'busy')
  assert.equal(response.get('set-cookie'), 'secret=1')
  const { totals } = balancer.lb.metrics()
  assert.equal(totals.retries, 0)
  assert.equal(totals.retriesOverBudget, 1)
  assert.equal(origin.connections.length, 0)
})

test('a Retry-After is waited for', async (t) => {
  const sick = await startOrigin(t, answers(busy('Retry-After: 1')))
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [sick, origin], retries: retries() })
  const begun = performance.now()
  assert.equal((await balancer.exchange(get())).status, 200)
  assert.ok(performance.now() - begun >= 1000)
})

test('a Retry-After beyond the limit is the matter of the client', async (t) => {
  const sick = await startOrigin(t, answers(busy('Retry-After: 2')))
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [sick, origin], retries: retries() })
  const response = await balancer.exchange(get())
  assert.equal(response.text, 'busy')
  assert.equal(response.get('retry-after'), '2')
  const off = await startBalancer(t, { servers: [sick, origin], retries: retries({ retry_after_max: 'off' }) })
  assert.equal((await off.exchange(get())).text, 'busy')
  assert.equal(origin.connections.length, 0)
})

test('no wait is begun that would outlast the time for the whole exchange', async (t) => {
  const sick = await startOrigin(t, answers(busy('Retry-After: 60')))
  const balancer = await startBalancer(t, {
    servers: [sick],
    timeouts: { exchange: '30s' },
    retries: retries({ retry_after_max: '2m' }),
  })
  assert.equal((await balancer.exchange(get())).text, 'busy')
})

test('what is left of an unwanted response is read when it is short, and the connection used again', async (t) => {
  const sick = await startOrigin(t, async (connection) => {
    while (await connection.more()) {
      await readRequest(connection)
      connection.send('HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n')
      // The second part comes when the other server has the request: the response is unwanted by then.
      await eventually(() => origin.connections.length > 0, 'the retry')
      connection.send('4\r\nlast\r\n0\r\n\r\n')
    }
  })
  const origin: Origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [sick, origin], retries: retries() })
  const client = await balancer.connect()
  client.send(get())
  assert.equal((await client.response()).status, 200)
  await eventually(() => balancer.lb.metrics().servers[0]!.connectionsIdle === 1, 'the connection to be kept')
  client.send(get() + get())
  assert.equal((await client.response()).status, 200)
  assert.equal((await client.response()).status, 200)
  assert.equal(sick.connections.length, 1)
  assert.doesNotMatch(client.text, /first|last|Busy/)
})

for (const [what, head] of [
  ['a long', 'Content-Length: 1000000\r\n'],
  ['an endless chunked', 'Transfer-Encoding: chunked\r\n'],
  ['an unframed', ''],
] as const) {
  test(`${what} unwanted response ends with its connection`, async (t) => {
    const sick = await startOrigin(t, async (connection) => {
      await readRequest(connection)
      connection.send(`HTTP/1.1 503 Busy\r\n${head}\r\n`)
      while (connection.ending === 'open') await connection.drip(`1000\r\n${'x'.repeat(4096)}\r\n`, 4103)
    })
    const origin = await startOrigin(t, echo)
    const balancer = await startBalancer(t, { servers: [sick, origin], retries: retries() })
    const client = await balancer.connect()
    client.send(get())
    assert.equal((await client.response()).text, 'GET ')
    await (await sick.nextConnection()).over()
    client.send(get())
    assert.equal((await client.response()).status, 200)
    assert.doesNotMatch(client.text, /xxx/)
    await quiet(balancer)
  })
}

test('HEAD, and a client of HTTP/1.0, get a second chance like all others', async (t) => {
  const sick = await startOrigin(
    t,
    answers(({ method }) =>
      method === 'HEAD'
        ? 'HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\n'
        : 'HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n',
    ),
  )
  const origin = await startOrigin(
    t,
    answers(({ method }) => (method === 'HEAD' ? 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n' : ok('fine'))),
  )
  const balancer = await startBalancer(t, { servers: [sick, origin], retries: retries() })
  assert.equal((await balancer.exchange(get().replace('GET', 'HEAD'))).status, 200)
  const other = await startBalancer(t, { servers: [sick, origin], retries: retries() })
  const client = await other.connect()
  client.send('GET / HTTP/1.0\r\n\r\n')
  assert.match((await client.rest()).toString(), /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nfine$/s)
  assert.equal(other.lb.metrics().totals.retries, 1)
})

test('once an interim response was passed on, so is the final one', async (t) => {
  const sick = await startOrigin(t, answers(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${busy()}`))
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { servers: [sick, origin], retries: retries() })
  const client = await balancer.connect()
  client.send(get())
  assert.equal((await client.response()).status, 103)
  assert.equal((await client.response()).text, 'busy')
  assert.equal(origin.connections.length, 0)
})

test('with `timeout` a request without an answer goes to another server, and its connection is left', async (t) => {
  const silent = await startOrigin(t)
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, {
    servers: [silent, origin],
    retries: { on: ['timeout'], per_try_timeout: '300ms' },
  })
  assert.equal((await balancer.exchange(get())).text, 'GET ')
  await (await silent.nextConnection()).over()
  const { totals } = balancer.lb.metrics()
  assert.equal(totals.retriesTimeout, 1)
  assert.equal(totals.failed, 0)
  await balancer.logged(/Retrying .*no response within 300 ms/)
  await quiet(balancer)
})

test('half a response head is no answer either', async (t) => {
  const halting = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    connection.send('HTTP/1.1 200 OK\r\nX-Half: ')
  })
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, {
    servers: [halting, origin],
    retries: { on: ['timeout'] },
    timeouts: { response_head: '300ms' },
  })
  const response = await balancer.exchange(get())
  assert.equal(response.get('x-half'), undefined)
  assert.equal(response.text, 'GET ')
})

test('a POST is never sent again after a time-out; without an answer from anywhere there is a 504', async (t) => {
  const servers = [await startOrigin(t), await startOrigin(t), await startOrigin(t)]
  const balancer = await startBalancer(t, { servers, retries: { on: ['timeout'], per_try_timeout: '400ms' } })
  assert.equal((await balancer.exchange(post('once'))).status, 504)
  assert.equal(balancer.lb.metrics().totals.retries, 0)
  assert.equal((await balancer.exchange(get())).status, 504)
  const { totals, failures } = balancer.lb.metrics()
  assert.equal(totals.retries, 2)
  assert.equal(failures.response_timeout, 2)
  await quiet(balancer)
})

test('the time for one attempt begins anew with each, and the time for all of them rules', async (t) => {
  const servers = [await startOrigin(t), await startOrigin(t)]
  const balancer = await startBalancer(t, {
    servers,
    timeouts: { exchange: '400ms' },
    retries: { on: ['connect_failure', 'timeout'], per_try_timeout: '250ms', backoff_base: 'off' },
  })
  assert.equal((await balancer.exchange(get())).status, 504)
  const { failures, totals } = balancer.lb.metrics()
  assert.equal(failures.exchange_timeout, 1)
  assert.equal(totals.retries, 1)
  await quiet(balancer)
})

test('a slow upload does not use up the time of the attempt', async (t) => {
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, {
    servers: [origin],
    retries: { on: ['timeout'], per_try_timeout: '800ms' },
  })
  const client = await balancer.connect()
  client.send('PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 50\r\n\r\n')
  await client.drip('x'.repeat(50), 5, 100)
  assert.equal((await client.response()).text, `PUT ${'x'.repeat(50)}`)
})

test('a body that is still coming waits, too, while a retry does', async (t) => {
  const servers = [await startRefusingOrigin(t), await startRefusingOrigin(t), await startOrigin(t, echo)]
  const balancer = await startBalancer(t, {
    servers,
    retries: { backoff_base: '200ms' },
    passive_health: { connect_failures: 0 },
  })
  const client = await balancer.connect()
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n')
  await client.drip('0123456789'.repeat(10), 10, 5)
  assert.equal((await client.response()).text, `POST ${'0123456789'.repeat(10)}`)
  assert.equal(balancer.lb.metrics().totals.retriesConnectFailure, 2)
})

test('the time for one attempt covers the connection too: then any request goes to another server', async (t) => {
  const url = await startFullListener(t)
  if (url === undefined) return t.skip('this system completes connections beyond a full accept queue')
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, {
    servers: [url, origin],
    retries: { on: ['connect_failure', 'timeout'], per_try_timeout: '400ms' },
  })
  assert.equal((await balancer.exchange(post('kept'))).text, 'POST kept')
  assert.equal(balancer.lb.metrics().totals.retriesConnectFailure, 1)
})

test('when no server is left after the wait the client is told so, and nothing stays behind', async (t) => {
  const sick = await startOrigin(t, answers(busy('Retry-After: 2')))
  const balancer = await startBalancer(t, {
    servers: [sick],
    retries: retries({ retry_after_max: '5s' }),
    passive_health: { connect_failures: 1 },
  })
  const client = await balancer.connect()
  client.send(get())
  await thrownAway(balancer)
  await sick.close()
  assert.equal((await balancer.exchange(post('x'))).status, 502)
  const response = await client.response()
  assert.equal(response.status, 503)
  assert.match(response.text, /No healthy server/)
  assert.equal(response.get('set-cookie'), undefined)
  await balancer.logged(/no server is left after status 503/)
  await quiet(balancer)
})

const PATIENT = { servers: [], retries: retries({ retry_after_max: '5s' }) }

test('a client that leaves while a retry waits: nobody is asked any more, and nothing is left behind', async (t) => {
  const sick = await startOrigin(t, answers(busy('Retry-After: 1')))
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { ...PATIENT, servers: [sick, origin] })
  const client = await balancer.connect()
  client.send(get())
  await thrownAway(balancer)
  client.reset()
  await quiet(balancer)
  const later = performance.now() + 1100
  await eventually(() => performance.now() > later, 'the time of the retry to pass')
  assert.equal(origin.connections.length, 0)
  const { totals, failures } = balancer.lb.metrics()
  assert.equal(totals.retries, 0)
  assert.equal(failures.client_closed, 1)
})

test('pipelined requests are answered in order, also when the first one waits for its retry', async (t) => {
  const seen: Request[] = []
  const script = answers(
    ({ target }) => (target === '/first' && seen.length === 1 ? busy('Retry-After: 1') : ok(target)),
    seen,
  )
  const servers = [await startOrigin(t, script), await startOrigin(t, script)]
  const balancer = await startBalancer(t, { ...PATIENT, servers })
  const client = await balancer.connect()
  client.send(get('/first') + get('/second'))
  assert.equal((await client.response()).text, '/first')
  assert.equal((await client.response()).text, '/second')
})

test('a shutdown lets a retry that waits have its turn', async (t) => {
  const sick = await startOrigin(t, answers(busy('Retry-After: 1')))
  const origin = await startOrigin(t, echo)
  const balancer = await startBalancer(t, { ...PATIENT, servers: [sick, origin] })
  const client = await balancer.connect()
  client.send(get())
  await thrownAway(balancer)
  const stopped = balancer.lb.stop()
  const response = await client.response()
  assert.equal(response.status, 200)
  assert.equal(response.get('connection'), 'close')
  await stopped
})

test('a shutdown that waits no longer answers 503 in place of a retry', async (t) => {
  const sick = await startOrigin(t, answers(busy('Retry-After: 4')))
  const balancer = await startBalancer(t, { ...PATIENT, servers: [sick] })
  const client = await balancer.connect()
  client.send(get())
  await thrownAway(balancer)
  const stopped = balancer.lb.stop({ timeout: 50 })
  assert.match((await client.response()).text, /shutting down/)
  await stopped
})

test('requests that are tried again beside others leave no count behind', async (t) => {
  let turn = 0
  const flaky = () =>
    startOrigin(
      t,
      answers(() => (turn++ % 3 === 0 ? busy() : ok('fine'))),
    )
  const servers = [await flaky(), await flaky(), await flaky()]
  const balancer = await startBalancer(t, {
    servers,
    strategy: 'least_active',
    retries: retries({ attempts: 10, budget_min_per_second: 1000 }),
  })
  const clients = await Promise.all(Array.from({ length: 10 }, () => balancer.connect()))
  await Promise.all(
    clients.map(async (client) => {
      for (let request = 0; request < 30; request++) {
        client.send(get())
        assert.equal((await client.response()).status, 200)
      }
    }),
  )
  await quiet(balancer)
  const { totals, servers: sums } = balancer.lb.metrics()
  const picked = sums.reduce((sum, server) => sum + server.picked, 0)
  assert.equal(picked, 300 + totals.retries)
  assert.equal(turn, picked)
})
