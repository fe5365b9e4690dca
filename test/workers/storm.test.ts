// Everything at once: three workers under traffic, clients that leave, workers that die, servers that go and come back.
// Whatever happened on the way, in the end every count of what goes on is exactly zero.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { get, post } from '../support/client.ts'
import { readRequest } from '../support/message.ts'
import { type Origin, ok, type Script, startOrigin } from '../support/origin.ts'
import { newSeed, numbersFrom } from '../support/random.ts'
import { eventually, pause } from '../support/wait.ts'
import { leftovers, workerOf } from './crew.ts'
import { type Fault, fail, faulty } from './faults.ts'

const WORKERS = 3
const CLIENTS = 24
const REQUESTS = 25
/** Each worker dies so often: fewer times than it takes to be given up. */
const DEATHS = 2
const UPGRADE = get('/tunnel', 'Connection: Upgrade', 'Upgrade: chatter')
const LARGE = ok('x'.repeat(400_000))

type Random = () => number

/** A server that answers, breaks off, resets, or says nothing, as chance will have it. */
function moody(random: Random): Script {
  return async (connection) => {
    while (await connection.more()) {
      const request = await readRequest(connection)
      const fate = random()
      if (request.get('upgrade') !== undefined) {
        connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chatter\r\n\r\nhello')
        return
      }
      if (fate < 0.05) return connection.reset()
      if (fate < 0.1) {
        connection.send(LARGE.slice(0, 100_000))
        await pause(5)
        return connection.reset()
      }
      if (fate < 0.2) return
      await pause(10 * random())
      connection.send(fate < 0.4 ? LARGE : ok())
    }
    connection.end()
  }
}

/** One client after another: each sends something, waits for a while or for the answer, and leaves in its own way. */
async function comeAndGo(balancer: Balancer, random: Random): Promise<void> {
  for (let request = 0; request < REQUESTS; request++) {
    // A worker that dies takes the connections with it that it has not accepted yet.
    const client = await balancer.connect().catch(() => null)
    if (client === null) continue
    const fate = random()
    const bytes =
      fate < 0.2 ? UPGRADE : fate < 0.6 ? get().repeat(1 + 3 * random()) : post('x'.repeat(random() * 200_000))
    const cut = random() < 0.3
    client.send(cut ? bytes.slice(0, bytes.length * random()) : bytes)
    if (cut || random() < 0.5) await pause(30 * random())
    else await Promise.race([client.response().catch(() => {}), pause(100)])
    if (random() < 0.5) client.reset()
    else client.socket.destroy()
  }
}

async function killWorkers(balancer: Balancer, random: Random): Promise<void> {
  for (let death = 0; death < DEATHS * WORKERS; death++) {
    const worker = death % WORKERS
    await eventually(() => workerOf(balancer, worker).state === 'up', 'the worker to be up')
    await pause(60 * random())
    const fault: Fault = random() < 0.5 ? 'throw' : 'exit'
    fail(worker, fault)
    await eventually(
      () => workerOf(balancer, worker).restarts === Math.floor(death / WORKERS) + 1,
      'the worker to be back',
    )
  }
}

async function killServers(origins: readonly Origin[], random: Random, until: Promise<unknown>): Promise<void> {
  let over = false
  void until.then(() => {
    over = true
  })
  for (let number = 0; !over; number++) {
    const origin = origins[number % origins.length]!
    await origin.close()
    await pause(20 + 40 * random())
    await origin.open()
    await pause(60 * random())
  }
}

async function storm(t: TestContext, strategy: 'round_robin' | 'least_active'): Promise<void> {
  const random = numbersFrom(newSeed(t))
  const origins = await Promise.all([1, 2, 3].map(() => startOrigin(t, moody(random))))
  const servers = origins.map(({ url }, index) => ({ url, max_active: index === 0 ? 4 : ('off' as const) }))
  const passive_health = { connect_failures: 0 }
  const balancer = await startBalancer(t, { servers, strategy, workers: WORKERS, passive_health }, faulty)

  const clients = Array.from({ length: CLIENTS }, () => comeAndGo(balancer, random))
  const deaths = killWorkers(balancer, random)
  await Promise.all([...clients, deaths, killServers(origins, random, Promise.all([...clients, deaths]))])

  await eventually(
    () => Object.keys(leftovers(balancer.lb.metrics(), false)).length === 0,
    'all counts to be zero',
  ).catch(() => assert.deepEqual(leftovers(balancer.lb.metrics(), false), {}))
  const { totals, workers, servers: counted } = balancer.lb.metrics()
  assert.deepEqual(
    workers.map(({ state, restarts }) => [state, restarts]),
    Array.from({ length: WORKERS }, () => ['up', DEATHS]),
  )
  assert.ok(counted.every(({ picked }) => picked > 0))
  assert.equal(
    workers.reduce((sum, { requests }) => sum + requests, 0),
    totals.requests,
  )
  assert.deepEqual(await balancer.lb.stop({ timeout: 10_000 }), { finished: 0, cut: 0 })
  assert.deepEqual(leftovers(balancer.lb.metrics(), true), {})
}

for (const strategy of ['round_robin', 'least_active'] as const) {
  test(`whatever clients, workers and servers do, every count ends at zero (${strategy})`, (t) => storm(t, strategy))
}
