// Accepts connections and hands them out not read from yet: as handles where Node gives them, which saves making a socket
// that could not read into our buffer, else as ordinary sockets.
import net from 'node:net'
import { getSystemErrorName } from 'node:util'
import { type Handle, takeHandles } from './handles.ts'

export type Accepted = Handle | net.Socket

/** `onError` hears of connections that could not be accepted, with the code of the system: `EMFILE`. */
export function makeAcceptor(onAccepted: (accepted: Accepted) => void, onError: (code: string) => void): net.Server {
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, onAccepted)
  server.on('listening', () => {
    takeHandles(server, (error, handle) => {
      if (error === 0 && handle !== undefined) onAccepted(handle)
      else onError(errorName(error))
    })
  })
  return server
}

/** Closes a connection that nobody wants. */
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
