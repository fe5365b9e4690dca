// Many clients at once: their small writes leave together at the end of a turn of the event loop (src/proxy/write-batch.ts),
// and each gets what is its own, in its order, to the last byte.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startPair } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { answers, ok } from '../support/origin.ts'

const CLIENTS = 60
const REQUESTS = 12

test('each of many clients gets its own answers in order, and the end behind the last one', async (t) => {
  const { balancer } = await startPair(
    t,
    answers((request) => ok(`${request.target} ${'.'.repeat(Number(request.get('x-size')))}`)),
  )
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => balancer.connect()))
  for (const [number, client] of clients.entries()) {
    const requests = Array.from({ length: REQUESTS }, (_, turn) =>
      get(
        `/${number}/${turn}`,
        `X-Size: ${(number * 131 + turn * 977) % 6000}`,
        ...(turn === REQUESTS - 1 ? ['Connection: close'] : []),
      ),
    )
    client.send(requests.join(''))
  }
  for (const [number, client] of clients.entries()) {
    for (let turn = 0; turn < REQUESTS; turn++) {
      const answer = await client.response()
      assert.equal(answer.text, `/${number}/${turn} ${'.'.repeat((number * 131 + turn * 977) % 6000)}`)
    }
    assert.equal((await client.rest()).length, 0)
  }
})
