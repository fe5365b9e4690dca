// Limits and the queue: how many get in, who waits, in which order they go on, and who is turned away.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { seededRandom } from '../../src/base/random.ts'
import { type Balancer, type Setup, startBalancer } from '../support/balancer.ts'
import { type Client, get, post } from '../support/client.ts'
import { readRequest } from '../support/message.ts'
import { answers, type Origin, ok, startOrigin } from '../support/origin.ts'
import { eventually } from '../support/wait.ts'
import type { Wire } from '../support/wire.ts'
import { connectTo, leftovers } from '../workers/crew.ts'
import { fail, faulty } from '../workers/faults.ts'

/** A server that holds every request until it is told to answer. */
class Holder {
  /** Targets in the order in which they came. */
  readonly seen: string[] = []
  /** Most requests at a time. */
  peak = 0
  private readonly held: { target: string; connection: Wire }[] = []

  async play(connection: Wire): Promise<void> {
    while (await connection.more()) {
      const { target } = await readRequest(connection)
      this.seen.push(target)
      this.held.push({ target, connection })
      this.peak = Math.max(this.peak, this.held.length)
    }
  }

  /** Answers the oldest request with its target. */
  answer(): string {
    const { target, connection } = this.held.shift()!
    connection.send(ok(target))
    return target
  }

  get holds(): number {
    return this.held.length
  }
}

interface Limits {
  max_active?: number
  queue?: { length?: number | 'off'; timeout?: string }
  /** Of the server. */
  server?: number
}

interface Scene {
  readonly holder: Holder
  readonly origin: Origin
  readonly balancer: Balancer
}

/** A balancer before one server that holds its requests. */
async function scene(t: TestContext, limits: Limits, setup: Setup = {}, threads = {}): Promise<Scene> {
  const holder = new Holder()
  const origin = await startOrigin(t, (connection) => holder.play(connection))
  const { server = 'off' as const, ...upstream } = limits
  const main = { strategy: 'round_robin' as const, servers: [{ url: origin.url, max_active: server }], ...upstream }
  const balancer = await startBalancer(t, { upstreams: { main }, ...setup }, threads)
  return { holder, origin, balancer }
}

function waiting(balancer: Balancer): number {
  const { high, normal, low } = balancer.lb.metrics().upstreams[0]!.waiting
  return high + normal + low
}

/** Sends a request that must come into the queue. */
async function enqueue(balancer: Balancer, bytes: string, client?: Client): Promise<Client> {
  const before = waiting(balancer)
  const sender = client ?? (await balancer.connect())
  sender.send(bytes)
  await eventually(() => waiting(balancer) === before + 1, 'the request to be in the queue')
  return sender
}

/** Sends a request that must get in. */
async function occupy({ balancer, holder }: Scene, target: string, client?: Client): Promise<Client> {
  const before = holder.seen.length
  const sender = client ?? (await balancer.connect())
  sender.send(get(target))
  await eventually(() => holder.seen.length === before + 1, 'the request to arrive')
  return sender
}

async function nothingLeft(balancer: Balancer): Promise<void> {
  await eventually(() => {
    const [upstream] = balancer.lb.metrics().upstreams
    return (
      upstream!.active === 0 &&
      waiting(balancer) === 0 &&
      Object.keys(leftovers(balancer.lb.metrics(), false)).length === 0
    )
  }, 'all counts to be zero')
}

test('an upstream has no more than max_active exchanges at a time: without a queue clients get 503 at once', async (t) => {
  const there = await scene(t, { max_active: 2 })
  const { balancer, holder } = there
  const inside = [await occupy(there, '/1'), await occupy(there, '/2')]
  const refused = await balancer.exchange(get('/3'))
  assert.equal(refused.status, 503)
  assert.match(refused.text, /as busy as it may be/)
  assert.equal(refused.get('retry-after'), '5')
  for (const client of inside) {
    holder.answer()
    assert.equal((await client.response()).status, 200)
  }
  const next = await occupy(there, '/4')
  holder.answer()
  assert.equal((await next.response()).text, '/4')
  assert.equal(balancer.lb.metrics().failures.upstream_full, 1)
})

for (const [where, limits] of Object.entries({
  upstream: { max_active: 1, queue: { length: 10 } },
  server: { server: 1, queue: { length: 10 } },
})) {
  test(`who finds the ${where} full waits, and goes on in the order of arrival`, async (t) => {
    const there = await scene(t, limits)
    const { balancer, holder } = there
    const clients = [await occupy(there, '/0')]
    for (let number = 1; number <= 5; number++) clients.push(await enqueue(balancer, get(`/${number}`)))
    for (const [number, client] of clients.entries()) {
      await eventually(() => holder.holds === 1, 'a request to arrive')
      holder.answer()
      assert.equal((await client.response()).text, `/${number}`)
    }
    assert.equal(holder.peak, 1)
    assert.equal(balancer.lb.metrics().upstreams[0]!.queued, 5)
  })
}

test('over several workers the limit is exact, everybody is answered, and the order is that of arrival', async (t) => {
  const there = await scene(t, { max_active: 5, queue: { length: 100 } }, { workers: 3 })
  const { balancer, holder } = there
  const clients: Client[] = []
  for (let number = 0; number < 5; number++) clients.push(await occupy(there, `/${number}`))
  for (let number = 5; number < 40; number++) {
    clients.push(await enqueue(balancer, get(`/${number}`), await connectTo(balancer, number % 3)))
  }
  for (let answered = 0; answered < 40; answered++) {
    await eventually(() => holder.seen.length === Math.min(answered + 5, 40), 'the next request to arrive')
    holder.answer()
  }
  for (const [number, client] of clients.entries()) assert.equal((await client.response()).text, `/${number}`)
  assert.equal(holder.peak, 5)
  assert.deepEqual(
    holder.seen,
    clients.map((_, number) => `/${number}`),
  )
  for (const client of clients) client.socket.destroy()
  await nothingLeft(balancer)
})

/** Many clients at once, each with some requests; of these `leaving` in a hundred go away at once. */
async function storm(
  t: TestContext,
  leaving: number,
): Promise<{ balancer: Balancer; peak: number; mostActive: number }> {
  let now = 0
  let peak = 0
  const answer = async () => {
    peak = Math.max(peak, ++now)
    await new Promise((resolve) => setImmediate(resolve))
    now--
    return ok()
  }
  const origin = await startOrigin(t, answers(answer))
  const main = { servers: [origin.url], max_active: 5, queue: { length: 1000, timeout: '1m' } }
  const balancer = await startBalancer(t, { upstreams: { main }, workers: 3, logging: { level: 'error' } })
  let mostActive = 0
  const look = () => {
    mostActive = Math.max(mostActive, balancer.lb.metrics().upstreams[0]!.active)
  }
  const random = seededRandom(1)
  const client = async () => {
    for (let round = 0; round < 6; round++) {
      const client = await balancer.connect()
      client.send(get())
      look()
      if (random() * 100 < leaving) client.socket.destroy()
      else {
        assert.equal((await client.response()).status, 200)
        look()
        client.socket.destroy()
      }
    }
  }
  await Promise.all(Array.from({ length: 40 }, client))
  return { balancer, peak, mostActive }
}

test('under a storm from all workers no server sees more requests at a time than allowed, and everybody is answered', async (t) => {
  const { balancer, peak } = await storm(t, 0)
  assert.ok(peak >= 2 && peak <= 5, `${peak} at a time`)
  assert.equal(balancer.lb.metrics().totals.failed, 0)
  await nothingLeft(balancer)
})

test('when clients leave in the midst of it, the limit holds, and the counts end at zero', async (t) => {
  const { balancer, mostActive } = await storm(t, 30)
  assert.ok(mostActive <= 5, `${mostActive} at a time`)
  assert.equal(balancer.lb.metrics().totals.failed, 0)
  await nothingLeft(balancer)
})

test('higher priorities go first, whenever they came', async (t) => {
  const routes = ['low', 'normal', 'high'].map((priority) => ({
    match: { path_prefix: `/${priority}` },
    upstream: 'main',
    priority: priority as 'low',
  }))
  const there = await scene(t, { max_active: 1, queue: { length: 10 } }, { routes })
  const { balancer, holder } = there
  await occupy(there, '/high/0')
  for (const target of ['/low/1', '/normal/2', '/low/3', '/high/4', '/normal/5', '/high/6']) {
    await enqueue(balancer, get(target))
  }
  const { waiting } = balancer.lb.metrics().upstreams[0]!
  assert.deepEqual(waiting, { high: 2, normal: 2, low: 2 })
  for (let answered = 0; answered < 7; answered++) {
    await eventually(() => holder.holds === 1, 'a request to arrive')
    holder.answer()
  }
  assert.deepEqual(holder.seen, ['/high/0', '/high/4', '/high/6', '/normal/2', '/normal/5', '/low/1', '/low/3'])
})

test('a request header says how urgent a request is, where the route allows it', async (t) => {
  const routes = [{ upstream: 'main', priority_header: 'Priority' }]
  const there = await scene(t, { max_active: 1, queue: { length: 20 } }, { routes })
  const { balancer, holder } = there
  await occupy(there, '/0')
  for (const [target, value] of [
    ['/1', 'u=7'],
    ['/2', 'sometimes'],
    ['/3', 'u=1, i'],
    ['/4', 'LOW'],
    ['/5', 'i, u=3'],
    ['/6', 'high'],
  ]) {
    await enqueue(balancer, get(target, `Priority: ${value}`))
  }
  for (let answered = 0; answered < 7; answered++) {
    await eventually(() => holder.holds === 1, 'a request to arrive')
    holder.answer()
  }
  assert.deepEqual(holder.seen, ['/0', '/3', '/6', '/2', '/5', '/1', '/4'])
})

test('as places and queue fill up, low priorities are refused first', async (t) => {
  const routes = [
    { match: { path_prefix: '/low' }, upstream: 'main', priority: 'low' as const },
    { match: { path_prefix: '/high' }, upstream: 'main', priority: 'high' as const },
    { upstream: 'main' },
  ]
  const there = await scene(t, { max_active: 4 }, { routes, shedding: { normal_share: '75%', low_share: '50%' } })
  const { balancer } = there
  const status = async (target: string) => (await balancer.exchange(get(target))).status
  await occupy(there, '/low')
  await occupy(there, '/low')
  const shed = await balancer.exchange(get('/low'))
  assert.equal(shed.status, 503)
  assert.match(shed.text, /more urgent/)
  await balancer.logged(/turned away: 2 of 4 under way, 0 waiting, the rest is kept for higher priorities/)
  await occupy(there, '/normal')
  assert.equal(await status('/normal'), 503)
  await occupy(there, '/high')
  assert.equal(await status('/high'), 503)
  const { load_shed, upstream_full } = balancer.lb.metrics().failures
  assert.deepEqual([load_shed, upstream_full], [2, 1])
})

test('when the queue is full, those of low priority make room for the others', async (t) => {
  const routes = [{ upstream: 'main', priority_header: 'Priority' }]
  const there = await scene(t, { max_active: 1, queue: { length: 4 } }, { routes })
  const { balancer, holder } = there
  const inside = await occupy(there, '/0')
  const [low1, low2, normal3] = [
    await enqueue(balancer, get('/1', 'Priority: low')),
    await enqueue(balancer, get('/2', 'Priority: low')),
    await enqueue(balancer, get('/3')),
  ]
  await enqueue(balancer, get('/4'))
  /** Sends a request for which another one has to go, and returns the answer to that one. */
  const push = async (target: string, gone: Client) => {
    const sender = await balancer.connect()
    sender.send(get(target, 'Priority: high'))
    const answer = await gone.response()
    assert.equal(waiting(balancer), 4)
    return answer
  }
  const gone = await push('/5', low2)
  assert.equal(gone.status, 503)
  assert.match(gone.text, /more urgent/)
  assert.match(gone.get('retry-after') ?? '', /^\d+$/)
  assert.equal((await push('/6', low1)).status, 503)
  assert.equal((await balancer.exchange(get('/7'))).status, 503)
  const { load_shed, queue_full } = balancer.lb.metrics().failures
  assert.deepEqual([load_shed, queue_full], [2, 1])
  for (let answered = 0; answered < 5; answered++) {
    await eventually(() => holder.holds === 1, 'a request to arrive')
    holder.answer()
  }
  assert.equal((await inside.response()).text, '/0')
  assert.equal((await normal3.response()).text, '/3')
  assert.deepEqual(holder.seen, ['/0', '/5', '/6', '/3', '/4'])
  // The connection of one that was turned away goes on.
  await occupy(there, '/again', low2)
})

test('a client that was turned away for another one may have its next request in the pipe', async (t) => {
  const routes = [{ upstream: 'main', priority_header: 'Priority' }]
  const there = await scene(t, { max_active: 1, queue: { length: 1 } }, { routes })
  const { balancer, holder } = there
  await occupy(there, '/0')
  const low = await enqueue(balancer, get('/1', 'Priority: low') + get('/2', 'Priority: low'))
  const high = await balancer.connect()
  high.send(get('/3', 'Priority: high'))
  assert.deepEqual([(await low.response()).status, (await low.response()).status], [503, 503])
  holder.answer()
  await eventually(() => holder.holds === 1, 'the other one to arrive')
  holder.answer()
  assert.equal((await high.response()).text, '/3')
  const { load_shed, queue_full } = balancer.lb.metrics().failures
  assert.deepEqual([load_shed, queue_full], [1, 1])
})

test('where no route has a higher priority, normal requests may take all places', async (t) => {
  const there = await scene(t, { max_active: 2 }, { shedding: { normal_share: '50%' } })
  await occupy(there, '/1')
  await occupy(there, '/2')
  assert.equal(there.holder.holds, 2)
})

test('a queue that is full refuses with 503, and says when to come again', async (t) => {
  const there = await scene(t, { max_active: 1, queue: { length: 2 } })
  const { balancer } = there
  await occupy(there, '/0')
  await enqueue(balancer, get('/1'))
  await enqueue(balancer, get('/2'))
  const refused = await balancer.exchange(get('/3'))
  assert.equal(refused.status, 503)
  assert.match(refused.text, /waiting already/)
  assert.match(refused.get('retry-after') ?? '', /^\d+$/)
  assert.equal(balancer.lb.metrics().failures.queue_full, 1)
})

test('who waits too long gets 503, and the others go on waiting', async (t) => {
  const there = await scene(t, { max_active: 1, queue: { length: 5, timeout: '100ms' } })
  const { balancer, holder } = there
  const first = await occupy(there, '/0')
  const late = await balancer.connect()
  late.send(get('/late'))
  const response = await late.response()
  assert.equal(response.status, 503)
  assert.equal(balancer.lb.metrics().failures.queue_timeout, 1)
  holder.answer()
  assert.equal((await first.response()).text, '/0')
  // The connection of the one that was turned away goes on.
  await occupy(there, '/again', late)
  assert.deepEqual(holder.seen, ['/0', '/again'])
})

test('a client that leaves while it waits leaves the queue', async (t) => {
  const there = await scene(t, { max_active: 1, queue: { length: 3 } })
  const { balancer, holder } = there
  const first = await occupy(there, '/0')
  const leaver = await enqueue(balancer, get('/1'))
  const stayer = await enqueue(balancer, get('/2'))
  leaver.socket.destroy()
  await eventually(() => waiting(balancer) === 1, 'the client to have left')
  holder.answer()
  assert.equal((await first.response()).text, '/0')
  await eventually(() => holder.holds === 1, 'the other one to arrive')
  holder.answer()
  assert.equal((await stayer.response()).text, '/2')
  assert.deepEqual(holder.seen, ['/0', '/2'])
  assert.equal(balancer.lb.metrics().failures.client_closed, 1)
})

test('a request body waits with its request, and arrives whole', async (t) => {
  const bodies: string[] = []
  const origin = await startOrigin(t, async (connection) => {
    while (await connection.more()) {
      const request = await readRequest(connection)
      bodies.push(request.body.toString('latin1'))
      if (bodies.length > 1) connection.send(ok())
    }
  })
  const main = { servers: [origin.url], max_active: 1, queue: { length: 3 } }
  const balancer = await startBalancer(t, { upstreams: { main } })
  const first = await balancer.connect()
  first.send(get())
  await eventually(() => bodies.length === 1, 'the first request to arrive')
  const size = 16 * 1024 * 1024
  const large = await enqueue(balancer, post('x'.repeat(size)))
  const small = await enqueue(balancer, post('small'))
  // Far more than fits into the buffers of the system: the client is held up.
  assert.equal(large.socket.writableLength > 0, true)
  origin.connections[0]!.send(ok())
  assert.equal((await first.response()).status, 200)
  assert.equal((await large.response()).status, 200)
  assert.equal((await small.response()).status, 200)
  assert.deepEqual(
    bodies.map((body) => body.length),
    [0, size, 5],
  )
})

test('a server that joins takes those that wait', async (t) => {
  const there = await scene(t, { server: 1, queue: { length: 3 } })
  const { balancer } = there
  await occupy(there, '/0')
  const waits = await enqueue(balancer, get('/1'))
  const joining = await startOrigin(t, answers(ok('joined')))
  await balancer.lb.addServer(joining.url)
  assert.equal((await waits.response()).text, 'joined')
})

test('when the last server goes down, nobody waits in vain', async (t) => {
  const there = await scene(
    t,
    { server: 1, queue: { length: 3 } },
    { health_check: { interval: '100ms', timeout: '100ms', kind: 'tcp' } },
  )
  const { balancer, origin } = there
  const first = await occupy(there, '/0')
  const waits = [await enqueue(balancer, get('/1')), await enqueue(balancer, get('/2'))]
  await origin.close()
  for (const client of waits) assert.ok((await client.response()).status >= 502)
  for (const client of [first, ...waits]) client.socket.destroy()
  await nothingLeft(balancer)
})

test('a shutdown waits for those in the queue', async (t) => {
  const there = await scene(t, { max_active: 1, queue: { length: 3 } }, { workers: 2 })
  const { balancer, holder } = there
  const first = await occupy(there, '/0')
  const waits = [await enqueue(balancer, get('/1')), await enqueue(balancer, get('/2'))]
  const stopped = balancer.lb.stop({ timeout: 10_000 })
  await balancer.logged(/Shutting down/)
  for (const [number, client] of [first, ...waits].entries()) {
    await eventually(() => holder.holds === 1, 'a request to arrive')
    holder.answer()
    assert.equal((await client.response()).text, `/${number}`)
    client.socket.destroy()
  }
  assert.deepEqual(await stopped, { finished: 3, cut: 0 })
})

test('a shutdown that does not wait any longer answers those in the queue', async (t) => {
  const there = await scene(t, { max_active: 1, queue: { length: 3 } })
  const { balancer } = there
  await occupy(there, '/0')
  const waits = await enqueue(balancer, get('/1'))
  const stopped = balancer.lb.stop({ timeout: 1 })
  assert.equal((await waits.response()).status, 503)
  assert.deepEqual(await stopped, { finished: 0, cut: 2 })
})

test('a worker that dies takes neither places nor turns with it', async (t) => {
  const there = await scene(t, { max_active: 2, queue: { length: 10 } }, { workers: 2 }, faulty)
  const { balancer, holder } = there
  await occupy(there, '/dies', await connectTo(balancer, 0))
  const survivor = await occupy(there, '/stays', await connectTo(balancer, 1))
  // The first in the queue is one of the worker that dies.
  await enqueue(balancer, get('/1'), await connectTo(balancer, 0))
  const waits = await enqueue(balancer, get('/2'), await connectTo(balancer, 1))
  fail(0, 'throw')
  await balancer.logged(/Worker 0 ended/)
  await eventually(() => holder.seen.includes('/2'), 'the one of the other worker to go on')
  while (holder.holds > 0) holder.answer()
  assert.equal((await survivor.response()).text, '/stays')
  assert.equal((await waits.response()).text, '/2')
  assert.deepEqual(holder.seen, ['/dies', '/stays', '/2'])
  await balancer.logged(/Worker 0 is back/)
  await enqueueAfterRestart(there)
})

/** The new worker takes its turn in the queue as the old one did. */
async function enqueueAfterRestart(there: Scene): Promise<void> {
  const { balancer, holder } = there
  await occupy(there, '/a', await connectTo(balancer, 1))
  await occupy(there, '/b', await connectTo(balancer, 1))
  const waits = await enqueue(balancer, get('/c'), await connectTo(balancer, 0))
  holder.answer()
  await eventually(() => holder.seen.at(-1) === '/c', 'the one of the new worker to go on')
  while (holder.holds > 0) holder.answer()
  assert.equal((await waits.response()).text, '/c')
}
