// A server on whose port connections stay half-open: a thread that listens and then sleeps, with its accept queue full.
// Linux drops further SYNs then, so that a connect neither succeeds nor fails.
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { eventually, type Owner, pause } from './wait.ts'

const THREAD = `
  const { parentPort } = require('node:worker_threads')
  const server = require('node:net').createServer()
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
  })
`

/** Resolves with the URL; undefined where the system does not behave so. */
export async function startFullListener(owner: Owner): Promise<string | undefined> {
  const worker = new Worker(THREAD, { eval: true })
  owner.after(() => worker.terminate())
  const port = await new Promise<number>((resolve) => worker.once('message', resolve))
  const fillers: Socket[] = []
  owner.after(() => {
    for (const filler of fillers) filler.destroy()
  })
  for (let filler = 0; filler < 8; filler++) {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('error', () => {})
    fillers.push(socket)
  }
  await eventually(() => fillers.some((filler) => !filler.connecting), 'the accept queue to fill')
  await pause(50)
  return fillers.some((filler) => filler.connecting) ? `http://127.0.0.1:${port}` : undefined
}
