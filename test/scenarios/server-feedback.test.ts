// What servers say about themselves: less work, or none; heeded where the config asks for it, and not passed on.
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { answers, ok, startOrigin } from '../support/origin.ts'
import { eventually } from '../support/wait.ts'

/** Two origins; the first one says what it is told to say. */
async function startOrigins(t: TestContext, fields: () => string[]) {
  return [
    await startOrigin(
      t,
      answers(() => ok('a', ...fields())),
    ),
    await startOrigin(t, answers(ok('b'))),
  ]
}

/** Which servers answered so many requests, one after another. */
async function answered(balancer: Balancer, requests: number): Promise<{ a: number; b: number }> {
  const client = await balancer.connect()
  const counts = { a: 0, b: 0 }
  for (let request = 0; request < requests; request++) {
    client.send(get())
    counts[(await client.response()).text as 'a' | 'b']++
  }
  client.socket.destroy()
  return counts
}

test('a server that asks for less gets less, and clients do not see that it asked', async (t) => {
  const servers = await startOrigins(t, () => ['octoload-weight: 25%', 'X-Other: 1'])
  const balancer = await startBalancer(t, { servers, server_feedback: { headers: true } })
  const responses = [await balancer.exchange(get()), await balancer.exchange(get())]
  for (const response of responses) assert.equal(response.get('octoload-weight'), undefined)
  assert.equal(responses.find(({ text }) => text === 'a')!.get('x-other'), '1')
  await balancer.logged(/Server \S+ gets 25 % of its weight, by its own word$/)
  assert.deepEqual(await answered(balancer, 100), { a: 20, b: 80 })
})

test('without being asked for, the headers mean nothing and are passed on', async (t) => {
  const servers = await startOrigins(t, () => ['Octoload-Weight: 25%', 'Octoload-Drain: 1'])
  const balancer = await startBalancer(t, { servers })
  const responses = [await balancer.exchange(get()), await balancer.exchange(get())]
  assert.equal(responses.find(({ text }) => text === 'a')!.get('octoload-weight'), '25%')
  assert.deepEqual(await answered(balancer, 20), { a: 10, b: 10 })
})

test('a server that drains by its word gets nothing new', async (t) => {
  const servers = await startOrigins(t, () => ['Octoload-Drain: 1'])
  const balancer = await startBalancer(t, { servers, server_feedback: { headers: true } })
  await answered(balancer, 2)
  await balancer.logged(/Server \S+ gets no new requests: it asks for no new requests$/)
  assert.deepEqual(await answered(balancer, 20), { a: 0, b: 20 })
  const [first] = balancer.lb.metrics().servers
  assert.deepEqual([first!.withdrawn, first!.health], [true, 'up'])
})

test('the last server that drains by its word still serves', async (t) => {
  const [server] = await startOrigins(t, () => ['Octoload-Drain: 1'])
  const balancer = await startBalancer(t, { servers: [server!], server_feedback: { headers: true } })
  await answered(balancer, 1)
  await balancer.logged(/Server \S+ still gets requests, for no other server is left: it asks for none$/)
  assert.deepEqual(await answered(balancer, 5), { a: 5, b: 0 })
})

test('feedback is not passed on to old clients either, whose responses are framed anew', async (t) => {
  const chunked = 'HTTP/1.1 200 OK\r\nOctoload-Weight: 50\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'
  const origin = await startOrigin(t, answers(chunked))
  const balancer = await startBalancer(t, { servers: [origin], server_feedback: { headers: true } })
  const client = await balancer.connect()
  client.send('GET / HTTP/1.0\r\nHost: test\r\n\r\n')
  await client.seen(/\r\n\r\na$/)
  assert.doesNotMatch(client.text, /octoload-weight/i)
})

test('load reports of servers become weights, and clients do not see them', async (t) => {
  const report = (utilization: number) =>
    `endpoint-load-metrics: TEXT cpu_utilization=${utilization},rps_fractional=100`
  const servers = [
    await startOrigin(t, answers(ok('a', report(0.8)))),
    await startOrigin(t, answers(ok('b', report(0.4)))),
  ]
  const balancer = await startBalancer(t, { servers, server_feedback: { orca: true, orca_blackout: 'off' } })
  assert.equal((await balancer.exchange(get())).get('endpoint-load-metrics'), undefined)
  await balancer.exchange(get())
  await balancer.logged(/Server \S+ gets 50 % of its weight, by its own word$/)
  assert.equal((await answered(balancer, 90)).a, 30)
})

test('an agent is asked again and again, and its words are heeded', async (t) => {
  let word = '50%'
  const heard: string[] = []
  const agent = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      heard.push(bytes.toString('latin1'))
      socket.end(`${word}\n`)
    })
  })
  await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve))
  t.after(() => agent.close())
  const { port } = agent.address() as { port: number }
  const origin = await startOrigin(t, answers(ok('a')))
  const other = await startOrigin(t, answers(ok('b')))
  // The same machine has one agent for both; the other server is asked for by a name that has none.
  const balancer = await startBalancer(t, {
    servers: [origin, other.url.replace('127.0.0.1', '127.0.0.2')],
    server_feedback: { agent_port: port, agent_interval: '100ms', agent_send: 'how are you?\n' },
    passive_health: { connect_failures: 0 },
  })
  const server = () => balancer.lb.metrics().servers[0]!
  await eventually(() => server().weightFactor === 0.5, 'half of the weight')
  word = '100% down'
  // It is the only one that can be reached, but the other one counts as up.
  await balancer.logged(/Server \S+ gets no new requests: its agent says that it is down$/)
  word = 'up'
  await balancer.logged(/Server \S+ gets requests again: its agent says that it is up$/)
  assert.equal(server().weightFactor, 1)
  assert.equal(heard[0], 'how are you?\n')
})
