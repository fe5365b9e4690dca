// Heads of every length and in every piece, and those that are the same to the letter.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBalancer, startPair } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { type Request, readRequest } from '../support/message.ts'
import { answers, ok, startOrigin } from '../support/origin.ts'

test('a header block that repeats to the letter means what its request line says', async (t) => {
  const seen: Request[] = []
  const { balancer } = await startPair(t, answers(ok(), seen))
  const client = await balancer.connect()
  const block = 'Host: block\r\nConnection: keep-alive\r\n\r\n'
  const lines = [
    'GET /1 HTTP/1.1',
    'GET http://line/2 HTTP/1.1',
    'HEAD /3 HTTP/1.1',
    'GET /4 HTTP/1.0',
    'DELETE /5 HTTP/1.1',
  ]
  for (const line of lines) {
    client.send(`${line}\r\n${block}`)
    await client.response(line.split(' ', 1)[0])
  }
  assert.deepEqual(
    seen.map((request) => [request.startLine, request.get('host'), request.get('via')]),
    [
      ['GET /1 HTTP/1.1', 'block', '1.1 octoload'],
      ['GET /2 HTTP/1.1', 'line', '1.1 octoload'],
      ['HEAD /3 HTTP/1.1', 'block', '1.1 octoload'],
      ['GET /4 HTTP/1.1', 'block', '1.0 octoload'],
      ['DELETE /5 HTTP/1.1', 'block', '1.1 octoload'],
    ],
  )
})

for (const size of [1000, 15_000, 60_000]) {
  test(`passes heads of ${size} bytes on, whole and in pieces, both ways`, async (t) => {
    const value = 'v'.repeat(size - 500)
    const origin = await startOrigin(t, async (connection) => {
      for (let whole = true; await connection.more(); whole = false) {
        const request = await readRequest(connection)
        const response = ok(request.get('x-long') === value ? 'right' : 'wrong', `X-Long: ${value}`)
        await connection.drip(response, whole ? response.length : 997)
      }
    })
    const limits = { request_head_size: '64KiB', response_head_size: '64KiB' }
    const balancer = await startBalancer(t, { servers: [origin], limits })
    const client = await balancer.connect()
    for (const piece of [100_000, 997]) {
      await client.drip(get('/', `X-Long: ${value}`), piece)
      const answer = await client.response()
      assert.equal(answer.text, 'right')
      assert.equal(answer.get('x-long'), value)
    }
  })
}
