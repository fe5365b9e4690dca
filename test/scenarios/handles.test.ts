// The bare handles under Node's sockets (src/proxy/handles.ts), and the way without them: the same promises on both.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import WebSocket, { WebSocketServer } from 'ws'
import { HANDLES } from '../../src/proxy/handles.ts'
import { OctoloadProcess } from '../cli/octoload-process.ts'

const [major = 0] = process.versions.node.split('.').map(Number)

test('are there in every Node from 26 on', { skip: major < 26 && 'an older Node writes through its sockets' }, () => {
  assert.equal(HANDLES, process.env.OCTOLOAD_HANDLES !== 'off')
})

for (const handles of ['on', 'off']) {
  test(`big bodies and tunnels are kept to the byte with handles ${handles}`, async (t) => {
    const origin = createServer((incoming, outgoing) => incoming.pipe(outgoing))
    new WebSocketServer({ server: origin }).on('connection', (socket) => {
      socket.on('message', (data) => socket.send(data))
    })
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
    const { port } = origin.address() as AddressInfo
    const octoload = new OctoloadProcess(['--port', '0', '--workers', '1', `http://127.0.0.1:${port}`], {
      env: { OCTOLOAD_HANDLES: handles },
    })
    t.after(async () => {
      octoload.child.kill('SIGKILL')
      await octoload.ended
      origin.closeAllConnections()
      origin.close()
    })
    const [, balancer] = await octoload.printed(/running on port (\d+)/)

    for (const size of [0, 1, 10_000, 100_000, 5_000_000]) {
      const sent = randomBytes(size)
      assert.equal(await echoed(Number(balancer), sent), hash(sent), `${size} bytes`)
    }
    const socket = new WebSocket(`ws://127.0.0.1:${balancer}`)
    await new Promise((resolve) => socket.once('open', resolve))
    const sent = randomBytes(300_000)
    const back = new Promise<Buffer>((resolve) => socket.once('message', (data) => resolve(data as Buffer)))
    socket.send(sent)
    assert.equal(hash(await back), hash(sent))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.close()
    await closed
  })
}

/** Posts `body` and resolves with the hash of the answer. */
function echoed(port: number, body: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', method: 'POST' }, (incoming) => {
      const digest = createHash('sha256')
      incoming.on('data', (bytes: Buffer) => digest.update(bytes))
      incoming.on('end', () => resolve(digest.digest('hex')))
      incoming.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
