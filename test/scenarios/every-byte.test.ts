// Every byte of random exchanges is what it should be, at both ends, with handles and without (test/soak/byte-check.ts).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteCheck } from '../soak/byte-check.ts'
import { startBalancer } from '../support/balancer.ts'
import { newSeed, numbersFrom } from '../support/random.ts'
import { eventually } from '../support/wait.ts'

const before = process.env.OCTOLOAD_HANDLES
for (const handles of ['on', 'off']) {
  test(`no byte is lost, doubled or out of place, with handles ${handles}`, async (t) => {
    process.env.OCTOLOAD_HANDLES = handles
    t.after(() => {
      if (before === undefined) delete process.env.OCTOLOAD_HANDLES
      else process.env.OCTOLOAD_HANDLES = before
    })
    const check = new ByteCheck(numbersFrom(newSeed(t)), 500_000)
    const balancer = await startBalancer(t, { servers: [await check.startServer(t)] })
    await Promise.all(Array.from({ length: 25 }, () => check.client(balancer.port)))
    assert.deepEqual(check.wrong, [])
    await eventually(() => {
      const { exchangesActive, clientConnectionsActive } = balancer.lb.metrics().totals
      return exchangesActive === 0 && clientConnectionsActive === 0
    }, 'everything to come to rest')
  })
}
