import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { AgentWord } from '../balance/agent-text.ts'
import { normaliseConfig } from '../config/load.ts'
import { AgentPoller } from './agent-poller.ts'
import { systemClock } from './monitor-clock.ts'

/** Starts an agent that does one thing after another with its connections, and the last one again and again. */
async function startAgent(t: TestContext, ...acts: ((socket: Socket) => void)[]): Promise<number> {
  let connections = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    acts[Math.min(connections++, acts.length - 1)]!(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

/** Polls until a word is heard that `wanted` takes; resolves with all words. */
async function heard(t: TestContext, port: number, wanted: (word: AgentWord) => boolean): Promise<AgentWord[]> {
  const server_feedback = { agent_port: port, agent_interval: '100ms', agent_timeout: '100ms' }
  const config = normaliseConfig({ servers: { urls: ['http://127.0.0.1'] }, server_feedback })
  const words: AgentWord[] = []
  const done = Promise.withResolvers<void>()
  const poller = new AgentPoller(systemClock, (slot, word) => {
    assert.equal(slot, 7)
    words.push(word)
    if (wanted(word)) done.resolve()
  })
  t.after(() => poller.stop())
  // The timers of the poller keep no process alive.
  const alive = setInterval(() => {}, 1000)
  t.after(() => clearInterval(alive))
  poller.watch([{ feedback: config.upstreams[0]!.server_feedback, servers: [{ slot: 7, host: '127.0.0.1' }] }])
  await done.promise
  return words
}

test('an answer counts when its line is whole or its connection has ended, and not otherwise', async (t) => {
  const port = await startAgent(
    t,
    (socket) => socket.write('down'),
    (socket) => {
      socket.write('down', () => socket.resetAndDestroy())
    },
    (socket) => socket.write('x'.repeat(5000)),
    (socket) => socket.destroy(),
    (socket) => socket.end('drain'),
    (socket) => socket.write('75%\n and more'),
  )
  const words = await heard(t, port, ({ weight }) => weight === 75)
  assert.deepEqual(words, [{ drain: true }, { weight: 75 }])
})

test('an agent that comes late is heard', async (t) => {
  const port = await startAgent(t, (socket) => socket.end('ready\n'))
  assert.deepEqual(await heard(t, port, () => true), [{ drain: false }])
})
