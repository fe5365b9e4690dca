// Workers that die: what they held is given back, others go on, another takes the place, and an end is put to it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { type Balancer, type Setup, startBalancer } from '../support/balancer.ts'
import { type Client, get } from '../support/client.ts'
import { listensHere } from '../support/listens-here.ts'
import { answers, type Origin, ok, startOrigin } from '../support/origin.ts'
import { eventually } from '../support/wait.ts'
import { connectTo, leftovers, workerOf } from './crew.ts'
import { type Fault, fail, failAtStart, faulty } from './faults.ts'

/** A balancer of two workers before servers that never answer, and requests in flight: as many of each worker as asked for. */
async function held(t: TestContext, ofWorker: readonly [number, number], setup: Setup = {}) {
  const origins = [await startOrigin(t), await startOrigin(t)]
  const balancer = await startBalancer(t, { servers: origins, workers: 2, ...setup }, faulty)
  const clients: Client[][] = [[], []]
  for (const worker of [0, 1]) {
    while (clients[worker]!.length < ofWorker[worker]!) clients[worker]!.push(await connectTo(balancer, worker))
    for (const client of clients[worker]!) client.send(get('/', `X-Worker: ${worker}`))
  }
  await eventually(() => requestsAt(origins) === ofWorker[0] + ofWorker[1], 'all requests to arrive')
  return { balancer, origins, clients }
}

function requestsAt(origins: readonly Origin[]): number {
  return origins.reduce((sum, origin) => sum + origin.text.split('GET / ').length - 1, 0)
}

function inFlight(balancer: Balancer): number {
  return balancer.lb.metrics().servers.reduce((sum, server) => sum + server.inFlight, 0)
}

const REASONS: Record<Exclude<Fault, 'hang'>, RegExp> = {
  throw:
    /ERROR Worker 0 ended unexpectedly: TypeError: failed on purpose \(faulty-worker\.ts:\d+:\d+\); starting another in 100 ms$/,
  exit: /ERROR Worker 0 ended unexpectedly: exit code 7; starting another in 100 ms$/,
  memory: /ERROR Worker 0 ended unexpectedly: out of memory; starting another in 100 ms$/,
}

for (const [fault, reason] of Object.entries(REASONS)) {
  test(`a worker that dies (${fault}) is named, its counts go back, another takes its place, the others serve on`, async (t) => {
    const { balancer, origins, clients } = await held(t, [5, 3])
    assert.equal(inFlight(balancer), 8)
    fail(0, fault as Fault)
    await balancer.logged(reason)
    assert.equal(inFlight(balancer), 3)
    assert.equal(workerOf(balancer, 0).exchangesActive, 0)
    assert.equal(workerOf(balancer, 0).clientConnectionsActive, 0)
    assert.equal(workerOf(balancer, 1).exchangesActive, 3)
    assert.equal(
      balancer.lb.metrics().servers.reduce((sum, server) => sum + server.connectionsActive, 0),
      3,
    )
    for (const client of clients[0]!) assert.notEqual(await client.over(), 'open')

    for (const connection of origins.flatMap((origin) => origin.connections)) {
      if (connection.text.includes('X-Worker: 1')) connection.send(ok('survived'))
    }
    for (const client of clients[1]!) assert.equal((await client.response()).text, 'survived')
    await balancer.logged(/Worker 0 is back$/)
    assert.deepEqual(
      balancer.lb.metrics().workers.map(({ state, restarts }) => [state, restarts]),
      [
        ['up', 1],
        ['up', 0],
      ],
    )
    const next = await connectTo(balancer, 0)
    next.send(get('/next'))
    await eventually(() => workerOf(balancer, 0).exchangesActive === 1, 'the new worker to take a request')
    for (const client of [next, ...clients[1]!]) client.socket.destroy()
    await eventually(() => Object.keys(leftovers(balancer.lb.metrics(), false)).length === 0, 'all counts to be zero')
  })
}

test('a worker that hangs is ended like one that died', async (t) => {
  const origins = [await startOrigin(t, answers(ok('fine')))]
  const balancer = await startBalancer(t, { servers: origins, workers: 2 }, { ...faulty, patience: 2 })
  const client = await connectTo(balancer, 0)
  fail(0, 'hang')
  await balancer.logged(/ERROR Worker 0 ended unexpectedly: it hung for 2 s; starting another in 100 ms$/)
  assert.notEqual(await client.over(), 'open')
  await balancer.logged(/Worker 0 is back$/)
  const next = await connectTo(balancer, 0)
  next.send(get())
  assert.equal((await next.response()).text, 'fine')
})

test('a server that was removed gets back what a dead worker held of it', async (t) => {
  const { balancer, origins } = await held(t, [4, 0])
  await balancer.lb.removeServer(origins[0]!.url)
  await balancer.logged(/Draining server .*: 2 exchanges in flight/)
  fail(0, 'throw')
  await balancer.logged(/Removed server/)
  assert.equal(inFlight(balancer), 0)
})

test('the reason is a field of its own in JSON, with the stack', async (t) => {
  const origin = await startOrigin(t)
  const balancer = await startBalancer(t, { servers: [origin], workers: 2, logging: { format: 'json' } }, faulty)
  fail(1, 'throw')
  await balancer.logged(/worker_lost/)
  const line = JSON.parse(balancer.lines.find((one) => one.includes('worker_lost'))!)
  assert.equal(line.worker, 1)
  assert.equal(line.delay_ms, 100)
  assert.match(line.reason, /^TypeError: failed on purpose/)
  assert.match(line.stack, /^TypeError: failed on purpose\n\s+at .*failBy/)
})

test('what a worker has logged comes out before it dies of an exception', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin], workers: 1 }, faulty)
  await balancer.exchange(get())
  fail(0, 'throw')
  await balancer.logged(/Worker 0 ended/)
  assert.equal(balancer.countLogged(/Selected server/), 1)
})

/** Kills a worker until it is given up; resolves when that was logged. */
async function killForGood(balancer: Balancer, worker: number): Promise<void> {
  for (let death = 1; death <= 5; death++) {
    await eventually(() => workerOf(balancer, worker).state === 'up', 'the worker to be up')
    fail(worker, 'throw')
    await eventually(() => workerOf(balancer, worker).state !== 'up', 'the worker to be down')
  }
  await balancer.logged(new RegExp(`Worker ${worker} ended 5 times`))
}

test('a worker that dies again and again is given up, and the others serve on', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin], workers: 2 }, faulty)
  await killForGood(balancer, 0)
  await balancer.logged(/Worker 0 ended 5 times within 60 s and is not started again: 1 worker left$/)
  assert.deepEqual(
    balancer.lb.metrics().workers.map(({ state, restarts }) => [state, restarts]),
    [
      ['failed', 4],
      ['up', 0],
    ],
  )
  assert.equal((await balancer.exchange(get())).text, 'ok')
  const metrics = await balancer.exchange(get('/metrics?format=prometheus'))
  assert.match(metrics.text, /^octoload_worker_up\{worker="0"\} 0$/m)
  assert.match(metrics.text, /^octoload_worker_up\{worker="1"\} 1$/m)
  assert.match(metrics.text, /^octoload_worker_failed\{worker="0"\} 1$/m)
  assert.match(metrics.text, /^octoload_worker_restarts_total\{worker="0"\} 4$/m)
  assert.match(metrics.text, /^octoload_worker_requests_total\{worker="1"\} 1$/m)
  assert.equal(balancer.countLogged(/is not started again/), 1)
  assert.equal(balancer.countLogged(/ended unexpectedly/), 5)
})

test('the last worker that is given up takes the balancer with it', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin], workers: 1 }, faulty)
  const failed = once(balancer.lb, 'failed')
  await killForGood(balancer, 0)
  await balancer.logged(/Worker 0 ended 5 times within 60 s and is not started again: no worker is left$/)
  const [error] = await failed
  assert.match(error.message, /^no worker is left/)
  assert.equal(error.code, 'OCTOLOAD_NO_WORKER')
  assert.equal(balancer.countLogged(/is not started again/), 1)
  assert.deepEqual(await balancer.lb.stop(), { finished: 0, cut: 0 })
})

test('a worker that dies while it starts is a failed start at first, and one more death later', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  failAtStart(t, { 1: 'throw' })
  await assert.rejects(startBalancer(t, { servers: [origin], workers: 2 }, faulty), {
    message: /^worker 1 did not start: Error: no start, on purpose/,
  })

  failAtStart(t, {})
  const balancer = await startBalancer(t, { servers: [origin], workers: 2 }, faulty)
  for (const fault of ['throw', 'deaf'] as const) {
    failAtStart(t, { 1: fault })
    if (fault === 'throw') fail(1, 'exit')
    const reason =
      fault === 'throw' ? 'worker 1 did not start: Error: no start, on purpose' : 'cannot listen on .*: taken'
    await balancer.logged(new RegExp(`Worker 1 ended unexpectedly: ${reason}`))
    assert.equal(workerOf(balancer, 1).state, 'down')
    assert.equal((await balancer.exchange(get())).text, 'ok')
  }
  failAtStart(t, {})
  await balancer.logged(/Worker 1 is back/)
  assert.equal(workerOf(balancer, 1).restarts, 1)
  const client = await connectTo(balancer, 1)
  client.send(get())
  assert.equal((await client.response()).text, 'ok')
})

test('a worker that starts again goes by the config of that moment', async (t) => {
  const [leaving, staying, coming] = await Promise.all(['a', 'b', 'c'].map((name) => startOrigin(t, answers(ok(name)))))
  const balancer = await startBalancer(t, { servers: [leaving!, staying!], workers: 1 }, faulty)
  fail(0, 'throw')
  await balancer.logged(/Worker 0 ended/)
  await balancer.lb.removeServer(leaving!.url)
  await balancer.lb.addServer(coming!.url)
  await balancer.logged(/Worker 0 is back/)
  const names = new Set<string>()
  for (let request = 0; request < 4; request++) names.add((await balancer.exchange(get())).text)
  assert.deepEqual([...names].sort(), ['b', 'c'])
})

test('stopping waits for no worker that is dead, and none comes back', async (t) => {
  const { balancer, origins, clients } = await held(t, [2, 1])
  fail(0, 'throw')
  await balancer.logged(/Worker 0 ended/)
  const stopped = balancer.lb.stop({ timeout: 10_000 })
  for (const connection of origins.flatMap((origin) => origin.connections)) {
    if (connection.text.includes('X-Worker: 1')) connection.send(ok('last'))
  }
  assert.equal((await clients[1]![0]!.response()).text, 'last')
  clients[1]![0]!.end()
  assert.deepEqual(await stopped, { finished: 1, cut: 0 })
  assert.equal(balancer.countLogged(/is back/), 0)
  assert.deepEqual(leftovers(balancer.lb.metrics(), true), {})
})

test('stopping reaches a worker that is just starting again', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin], workers: 2 }, faulty)
  assert.equal(await listensHere(balancer.port), true)
  failAtStart(t, { 0: 'slow' })
  fail(0, 'throw')
  await balancer.logged(/starting another in 100 ms/)
  await new Promise((resolve) => setTimeout(resolve, 150))
  assert.deepEqual(await balancer.lb.stop({ timeout: 10_000 }), { finished: 0, cut: 0 })
  assert.equal(await listensHere(balancer.port), false)
  assert.deepEqual(leftovers(balancer.lb.metrics(), true), {})
})

test('what a worker held that dies while it drains is counted as cut', async (t) => {
  const { balancer, origins, clients } = await held(t, [3, 2])
  const stopped = balancer.lb.stop({ timeout: 10_000 })
  await balancer.logged(/Shutting down: waiting up to 10 s for 5 exchanges/)
  fail(0, 'throw')
  await balancer.logged(/Worker 0 ended unexpectedly: TypeError: failed on purpose \(faulty-worker\.ts:\d+:\d+\)$/)
  for (const connection of origins.flatMap((origin) => origin.connections)) {
    if (connection.text.includes('X-Worker: 1')) connection.send(ok('last'))
  }
  for (const client of clients[1]!) {
    assert.equal((await client.response()).text, 'last')
    client.end()
  }
  assert.deepEqual(await stopped, { finished: 2, cut: 3 })
  await balancer.logged(/Shutdown complete: 2 exchanges finished, 3 cut/)
  assert.deepEqual(leftovers(balancer.lb.metrics(), true), {})
})

test('a worker that does not answer any more does not hold up the stop', async (t) => {
  const { balancer } = await held(t, [3, 1])
  fail(0, 'hang')
  assert.deepEqual(await balancer.lb.stop({ timeout: 100 }), { finished: 0, cut: 4 })
  await balancer.logged(/Worker 0 ended unexpectedly: no answer/)
  assert.deepEqual(leftovers(balancer.lb.metrics(), true), {})
})

test('a worker that dies while it ejects a server keeps nobody else from it', async (t) => {
  failAtStart(t, { 0: 'undecided' })
  const crashing = await startOrigin(t, async (connection) => {
    await connection.more()
    connection.reset()
  })
  const good = await startOrigin(t, answers(ok('good')))
  const servers = [crashing, good]
  const setup = {
    servers,
    strategy: 'round_robin',
    workers: 2,
    outlier_detection: { consecutive_failures: 5 },
  } as const
  const balancer = await startBalancer(t, setup, faulty)
  const ask = async (worker: number, until: RegExp) => {
    const client = await connectTo(balancer, worker)
    let open = true
    await eventually(async () => {
      if (open) client.send(get())
      open &&= await client.response().then(
        () => true,
        () => false,
      )
      return balancer.countLogged(until) > 0
    }, `${until} in the log`)
  }
  await ask(0, /Worker 0 ended unexpectedly: exit code 7/)
  assert.equal(balancer.countLogged(/is ejected/), 0)
  await ask(1, /is ejected for .*: 10 attempts in a row had no usable answer$/)
})
