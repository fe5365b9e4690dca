// Ports for the programs under test. They lie below the range from which the kernel takes the local ports of outgoing
// connections, so that the benchmark's own thousands of connections cannot occupy them first.
import { createServer } from 'node:net'

const FIRST = 18_000
const LAST = 30_000

let next = FIRST + Math.floor(Math.random() * (LAST - FIRST))

/** A port of 127.0.0.1 on which nothing listens; never the same one twice in a run. */
export async function freePort(): Promise<number> {
  for (let attempts = FIRST; attempts < LAST; attempts++) {
    next = next < LAST ? next + 1 : FIRST
    if (await isFree(next)) return next
  }
  throw new Error(`no free port between ${FIRST} and ${LAST}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
