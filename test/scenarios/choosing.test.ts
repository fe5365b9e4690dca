// Which server gets the next request: in turn or by load, by weight, and only those that are there.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Balancer, type Setup, startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { readRequest } from '../support/message.ts'
import { answers, type Origin, ok, startOrigin } from '../support/origin.ts'
import { eventually } from '../support/wait.ts'
import type { Wire } from '../support/wire.ts'

/** Starts origins that answer with their letter. */
function lettered(t: TestContext, letters: string): Promise<Origin[]> {
  return Promise.all([...letters].map((letter) => startOrigin(t, answers(ok(letter)))))
}

/** Sends requests one after another over one connection; resolves with the letters of the servers that answered. */
async function answered(balancer: Balancer, requests: number): Promise<string> {
  const client = await balancer.connect()
  let letters = ''
  for (let request = 0; request < requests; request++) {
    client.send(get())
    letters += (await client.response()).text
  }
  client.socket.destroy()
  return letters
}

function count(letters: string, letter: string): number {
  return letters.split(letter).length - 1
}

test('round_robin asks the servers in the order of the config, again and again', async (t) => {
  const balancer = await startBalancer(t, { servers: await lettered(t, 'abc') })
  assert.equal(await answered(balancer, 9), 'abcabcabc')
})

test('round_robin goes on in turn over all connections of clients', async (t) => {
  const balancer = await startBalancer(t, { servers: await lettered(t, 'abc') })
  let letters = ''
  for (let client = 0; client < 9; client++) letters += await answered(balancer, 1)
  assert.equal(letters, 'abcabcabc')
})

test('round_robin honours weights without bursts', async (t) => {
  const [a, b] = await lettered(t, 'ab')
  const servers = [
    { url: a!.url, weight: 3 },
    { url: b!.url, weight: 1 },
  ]
  const balancer = await startBalancer(t, { servers })
  const letters = await answered(balancer, 16)
  assert.equal(count(letters, 'a'), 12)
  assert.equal(count(letters, 'b'), 4)
  assert.doesNotMatch(letters, /bb|aaaa/)
})

test('round_robin stays fair when a server leaves and when it comes back', async (t) => {
  const [a, b, c] = await lettered(t, 'abc')
  const balancer = await startBalancer(t, { servers: [a!, b!, c!] })
  await answered(balancer, 4)
  await balancer.lb.removeServer(b!.url)
  const without = await answered(balancer, 20)
  assert.equal(count(without, 'b'), 0)
  assert.equal(count(without, 'a'), 10)
  assert.equal(count(without, 'c'), 10)
  await balancer.lb.addServer(b!.url)
  const back = await answered(balancer, 30)
  for (const letter of 'abc') assert.equal(count(back, letter), 10)
})

test('least_active with idle servers takes turns, and not always the first', async (t) => {
  const balancer = await startBalancer(t, { servers: await lettered(t, 'abc'), strategy: 'least_active' })
  const letters = await answered(balancer, 30)
  for (const letter of 'abc') assert.equal(count(letters, letter), 10, letters)
})

test('least_active leaves a slow server alone while others are free', async (t) => {
  const [quick, other] = await lettered(t, 'qo')
  const slow = await startOrigin(t)
  const balancer = await startBalancer(t, { servers: [slow, quick!, other!], strategy: 'least_active' })
  const waiting = await balancer.connect()
  let letters = ''
  waiting.send(get('/first'))
  while (slow.connections.length === 0) letters += await answered(balancer, 1)
  letters += await answered(balancer, 20)
  assert.equal(slow.connections.length, 1)
  assert.ok(Math.abs(count(letters, 'q') - count(letters, 'o')) <= 1, letters)
})

/** Servers that never answer, a balancer before them, and as many requests in flight as asked for. */
async function held(t: TestContext, requests: number, weights: number[], setup: Setup = {}): Promise<number[]> {
  const origins = await Promise.all(weights.map(() => startOrigin(t)))
  const servers = origins.map((origin, index) => ({ url: origin.url, weight: weights[index]! }))
  const balancer = await startBalancer(t, { servers, strategy: 'least_active', ...setup })
  for (let request = 0; request < requests; request++) {
    const client = await balancer.connect()
    const before = total(origins)
    client.send(get())
    while (total(origins) === before) await new Promise((resolve) => setImmediate(resolve))
  }
  return balancer.lb.metrics().servers.map((server) => server.inFlight)
}

function total(origins: Origin[]): number {
  return origins.reduce((sum, origin) => sum + origin.connections.length, 0)
}

test('least_active spreads what is in flight evenly', async (t) => {
  assert.deepEqual(await held(t, 9, [1, 1, 1]), [3, 3, 3])
})

test('least_active honours weights', async (t) => {
  assert.deepEqual(await held(t, 12, [3, 2, 1]), [6, 4, 2])
})

test('least_active counts over all workers', async (t) => {
  assert.deepEqual(await held(t, 12, [1, 1, 1], { workers: 2 }), [4, 4, 4])
})

test('a server counts as busy until the last byte of its response', async (t) => {
  const sending: Wire[] = []
  const slow = await startOrigin(t, async (connection) => {
    await readRequest(connection)
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1')
    sending.push(connection)
  })
  const balancer = await startBalancer(t, { servers: [slow], strategy: 'least_active' })
  const client = await balancer.connect()
  client.send(get())
  await client.seen(/\r\n\r\n1$/)
  assert.equal(balancer.lb.metrics().servers[0]?.inFlight, 1)
  sending[0]!.send('2')
  await client.seen(/\r\n\r\n12$/)
  await eventually(() => balancer.lb.metrics().servers[0]?.inFlight === 0, 'the server to be free')
})
