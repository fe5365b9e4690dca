// The one place that touches what Node does not document: the handle of an accepted connection. Node makes a socket of
// each before anyone can say that it shall read into a buffer of ours (`onread`), so a second one would have to be made
// over the same handle; taking the handle itself saves the first. Where there are no such handles, ordinary sockets serve.
// test/scenarios/acceptor.test.ts holds this against the running Node.
import net from 'node:net'
import { getSystemErrorName } from 'node:util'

/** A connection as the system gave it to Node. */
export interface Handle {
  readStart(): number
  close(): void
}

export type Accepted = Handle | net.Socket

interface ListeningHandle {
  onconnection: (error: number, handle: Handle | undefined) => void
}

/** Makes a server that hands out accepted connections, not read from yet. `onError` hears of failed accepts. */
export function makeAcceptor(onAccepted: (accepted: Accepted) => void, onError: (code: string) => void): net.Server {
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, onAccepted)
  server.on('listening', () => {
    const handle = (server as unknown as { _handle: ListeningHandle | null })._handle
    if (typeof handle?.onconnection !== 'function') return
    handle.onconnection = (error, accepted) => {
      if (accepted !== undefined && error === 0) onAccepted(accepted)
      // No file descriptor left, most likely: the next accept may do better.
      else onError(errorName(error))
    }
  })
  return server
}

/** An ordinary socket over a handle, reading as `onread` says. */
export function socketOver(handle: Handle, onread: net.OnReadOpts): net.Socket {
  const options = { handle, allowHalfOpen: true, onread }
  return new net.Socket(options as unknown as net.SocketConstructorOpts)
}

export function refuse(accepted: Accepted): void {
  if (accepted instanceof net.Socket) accepted.destroy()
  else accepted.close()
}

function errorName(error: number): string {
  try {
    return getSystemErrorName(error)
  } catch {
    return String(error)
  }
}
