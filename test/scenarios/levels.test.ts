// Which servers take part: backups, zones, too few that are healthy, and one that has just come up.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { answers, ok, startOrigin, startRefusingOrigin } from '../support/origin.ts'
import { eventually } from '../support/wait.ts'

const FAST = { interval: '400ms', interval_down: '100ms', jitter: 0 } as const

/** Origins that answer with their letter. */
function lettered(t: TestContext, letters: string) {
  return Promise.all([...letters].map((letter) => startOrigin(t, answers(ok(letter)))))
}

async function letters(balancer: Balancer, requests: number): Promise<string> {
  let text = ''
  for (let request = 0; request < requests; request++) text += (await balancer.exchange(get())).text
  return [...text].sort().join('')
}

test('a backup answers while the other servers are down, and only then', async (t) => {
  const [a, b] = await lettered(t, 'ab')
  const balancer = await startBalancer(t, { servers: [a!, { url: b!.url, backup: true }], health_check: FAST })
  assert.equal(await letters(balancer, 4), 'aaaa')
  await a!.close()
  // The first request already: it is retried there before any check has found out.
  assert.equal(await letters(balancer, 4), 'bbbb')
  await balancer.logged(/is unhealthy/)
  assert.equal(await letters(balancer, 4), 'bbbb')
  await a!.open()
  await balancer.logged(/is healthy again/)
  assert.equal(await letters(balancer, 4), 'aaaa')
})

test('servers in the zone of the balancer are preferred', async (t) => {
  const [a, b, c] = await lettered(t, 'abc')
  const servers = [
    { url: a!.url, zone: 'north' },
    { url: b!.url, zone: 'south' },
    { url: c!.url, zone: 'south' },
  ]
  const balancer = await startBalancer(t, { servers, zone: 'south', health_check: FAST })
  assert.equal(await letters(balancer, 4), 'bbcc')
  await Promise.all([b!.close(), c!.close()])
  assert.equal(await letters(balancer, 3), 'aaa')
})

test('when too few servers are healthy requests go to all of them, and it is said', async (t) => {
  const sick = 'HTTP/1.1 503 Sick\r\nContent-Length: 0\r\n\r\n'
  let well = false
  const script = (letter: string) =>
    answers((request) => (request.startLine.includes('/health') && !well ? sick : ok(letter)))
  const origins = [await startOrigin(t, script('a')), await startOrigin(t, script('b'))]
  const balancer = await startBalancer(t, {
    servers: origins,
    upstream: { panic_threshold: '50%' },
    health_check: { ...FAST, path: '/health' },
  })
  await balancer.logged(/ERROR Only 0 of 2 servers of upstream main are healthy: requests go to all of them/)
  assert.equal(await letters(balancer, 4), 'aabb')
  assert.equal(balancer.countLogged(/No server of upstream/), 0)
  well = true
  await balancer.logged(/ [12] of 2 servers of upstream main are healthy: requests go to these alone again/)
  await eventually(() => balancer.countLogged(/is healthy again/) === 2, 'both servers to be up')
  assert.equal(await letters(balancer, 4), 'aabb')
})

test('a server that comes up while another serves gets little at first', async (t) => {
  const a = await startOrigin(t, answers(ok('a')))
  const b = await startRefusingOrigin(t, answers(ok('b')))
  const balancer = await startBalancer(t, { servers: [a, b], health_check: FAST, slow_start: { window: '1h' } })
  await balancer.logged(/is unhealthy/)
  assert.equal(await letters(balancer, 2), 'aa')
  await b.open()
  await balancer.logged(/is healthy again/)
  // A tenth of its weight: one of eleven.
  assert.equal(await letters(balancer, 22), 'aaaaaaaaaaaaaaaaaaaabb')
})
