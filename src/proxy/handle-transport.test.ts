import assert from 'node:assert/strict'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { within } from '../../test/support/wait.ts'
import { Buffers } from './buffers.ts'
import { HandleTransport } from './handle-transport.ts'
import { detachHandle, HANDLES, type Handle } from './handles.ts'
import type { TransportOwner } from './transport.ts'

const buffers = new Buffers()
const skip = (!HANDLES || process.platform === 'win32') && 'no bare handles with numbers of files here'

class Owner implements TransportOwner {
  readonly paused = false
  readonly gone = Promise.withResolvers<void>()
  received(): void {}
  receivedBytes(): void {}
  ended(): void {}
  closed(): void {
    this.gone.resolve()
  }
}

test('nothing is written to a file that has got the number of a broken connection', { skip }, async (t) => {
  const { handle, client } = await connection(t)
  const owner = new Owner()
  const transport = new HandleTransport(handle, buffers, owner)
  transport.pause()
  client.resetAndDestroy()
  await once(client, 'close')
  const number = handle.fd
  const folder = mkdtempSync(join(tmpdir(), 'octoload-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const opened: number[] = []
  t.after(() => opened.forEach(closeSync))
  // As another thread may: takes the number as soon as it is free.
  const { close } = handle
  handle.close = (...given) => {
    close.apply(handle, given)
    while (!opened.includes(number)) opened.push(openSync(join(folder, `${opened.length}`), 'w'))
  }
  transport.write('waits for the end of the turn')
  transport.writeRead(buffers.start, buffers.start + 10_000)
  await owner.gone.promise
  assert.ok(opened.includes(number))
  for (const index of opened.keys()) assert.equal(readFileSync(join(folder, `${index}`)).length, 0)
})

test('a reset in the turn in which our end was asked for closes the connection', { skip }, async (t) => {
  const { handle, client } = await connection(t)
  const owner = new Owner()
  const transport = new HandleTransport(handle, buffers, owner)
  transport.end()
  transport.reset()
  await within(owner.gone.promise, 'the connection to be closed')
  client.resume()
  await within(once(client, 'close'), 'the end at the client')
})

async function connection(t: TestContext): Promise<{ handle: Handle; client: Socket }> {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.after(() => client.destroy())
  const [socket] = await once(server, 'connection')
  return { handle: detachHandle(socket)!, client }
}
