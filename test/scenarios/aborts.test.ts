// Clients that leave early: the exchange is cancelled at the server, and every count comes back to zero.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { get, post } from '../support/client.ts'
import { readRequest } from '../support/message.ts'
import { answers, ok, startHttpOrigin, startOrigin } from '../support/origin.ts'
import { bytesFrom, newSeed, numbersFrom } from '../support/random.ts'
import { eventually, pause } from '../support/wait.ts'

/** Waits until nothing is counted as going on any more. */
async function quiet(balancer: Balancer): Promise<void> {
  await eventually(() => {
    const { totals, servers } = balancer.lb.metrics()
    return (
      totals.exchangesActive === 0 &&
      totals.tunnelsActive === 0 &&
      totals.clientConnectionsActive === 0 &&
      servers.every((server) => server.inFlight === 0 && server.connectionsActive === server.connectionsIdle)
    )
  }, 'every count to come back to zero')
}

for (const leaves of ['closes', 'resets'] as const) {
  test(`a client that ${leaves} while it waits for the response cancels the exchange at the server`, async (t) => {
    const origin = await startOrigin(t)
    const balancer = await startBalancer(t, { servers: [origin] })
    const client = await balancer.connect()
    client.send(get())
    const connection = await origin.nextConnection()
    await readRequest(connection)
    if (leaves === 'closes') client.socket.destroy()
    else client.reset()
    await connection.over()
    await quiet(balancer)
    assert.equal(balancer.lb.metrics().failures.client_closed, 1)
    assert.equal(balancer.lb.metrics().totals.failed, 0, 'a client that leaves is no failure of ours')
  })

  test(`a client that ${leaves} in the middle of its body cancels the exchange at the server`, async (t) => {
    const origin = await startOrigin(t)
    const balancer = await startBalancer(t, { servers: [origin] })
    const client = await balancer.connect()
    client.send('POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n')
    const connection = await origin.nextConnection()
    await connection.seen('half')
    if (leaves === 'closes') client.socket.destroy()
    else client.reset()
    await connection.over()
    assert.doesNotMatch(connection.text, /0\r\n\r\n$/, 'the server must not take it for complete')
    await quiet(balancer)
  })

  test(`a client that ${leaves} in the middle of a response cancels the exchange at the server`, async (t) => {
    const origin = await startOrigin(t)
    const balancer = await startBalancer(t, { servers: [origin] })
    const client = await balancer.connect()
    client.send(get())
    const connection = await origin.nextConnection()
    await readRequest(connection)
    connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n')
    await client.seen('half')
    if (leaves === 'closes') client.socket.destroy()
    else client.reset()
    await connection.over()
    await quiet(balancer)
  })
}

test('a client that leaves while its server is being connected leaves nothing behind', async (t) => {
  const origin = await startOrigin(t, answers(ok()))
  const balancer = await startBalancer(t, { servers: [origin] })
  for (let number = 0; number < 50; number++) {
    const client = await balancer.connect()
    client.send(get())
    client.reset()
  }
  await quiet(balancer)
})

test('whatever clients and servers do, every count ends at zero', async (t) => {
  const seed = newSeed(t)
  const random = numbersFrom(seed)
  const body = bytesFrom(seed, 300_000)
  const origins = await Promise.all(
    [1, 2, 3].map(() =>
      startHttpOrigin(t, (request, response) => {
        const fate = random()
        request.resume()
        request.on('error', () => {})
        if (fate < 0.05) request.socket.destroy()
        else if (fate < 0.1) {
          response.writeHead(200, { 'content-length': body.length })
          response.write(body.subarray(0, 1000))
          setTimeout(() => request.socket.resetAndDestroy(), 5)
        } else if (fate < 0.4) setTimeout(() => response.end('slow'), 20 * random())
        else response.end(fate < 0.7 ? 'quick' : body)
      }),
    ),
  )
  const balancer = await startBalancer(t, { servers: origins, strategy: 'least_active', workers: 2 })
  const clients = Array.from({ length: 20 }, async () => {
    for (let request = 0; request < 15; request++) {
      const client = await balancer.connect()
      const bytes = random() < 0.5 ? get().repeat(1 + Math.floor(3 * random())) : post('x'.repeat(random() * 100_000))
      const cut = random() < 0.3 ? Math.floor(bytes.length * random()) : bytes.length
      client.send(bytes.slice(0, cut))
      const fate = random()
      if (fate < 0.5 && cut === bytes.length) await client.response().catch(() => {})
      else await pause(30 * random())
      if (fate < 0.25 || fate > 0.75) client.reset()
      else client.socket.destroy()
    }
  })
  await Promise.all(clients)
  await quiet(balancer)
  const { servers } = balancer.lb.metrics()
  assert.ok(servers.every((server) => server.picked > 0))
})
