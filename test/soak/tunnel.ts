// WebSockets of the soak: messages of every size go out, and each must come back as it was.
import { WebSocket } from 'ws'
import type { Ledger } from './ledger.ts'
import { bytesOf, randomStretch } from './pattern.ts'

const MESSAGES = 12
const LARGEST = 100_000
const PATIENCE = 10_000
const PAUSE = 400

/** Opens one at `authority`, a port and the beginning of a path; says some messages and closes properly. Resolves with what was wrong, or null. */
export function tunnel(authority: string, random: () => number, ledger: Ledger): Promise<string | null> {
  return talk(authority, random, ledger, (socket) => socket.close(4000, 'said all'))
}

/** The same, but in the end the client breaks the connection. */
export function cutTunnel(authority: string, random: () => number, ledger: Ledger): Promise<string | null> {
  return talk(authority, random, ledger, (socket) => socket.terminate())
}

function talk(
  authority: string,
  random: () => number,
  ledger: Ledger,
  leave: (socket: WebSocket) => void,
): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${authority}/socket`, { perMessageDeflate: false })
    let left = 1 + Math.floor(random() * MESSAGES)
    let done = false
    let sent: Buffer = Buffer.alloc(0)
    let problem: string | null = null
    const patience = setTimeout(() => end('a tunnel without an answer'), PATIENCE)

    function end(why: string): void {
      problem ??= why
      socket.terminate()
    }
    function say(): void {
      sent = bytesOf(randomStretch(random, 0, LARGEST))
      if (socket.readyState === WebSocket.OPEN) socket.send(sent)
    }
    socket.on('open', say)
    socket.on('message', (data: Buffer) => {
      patience.refresh()
      if (!data.equals(sent)) ledger.breach('a tunnel brought back other bytes than were sent')
      if (--left > 0) setTimeout(say, PAUSE * random())
      else {
        done = true
        leave(socket)
      }
    })
    socket.on('error', (error) => {
      if (!done) problem ??= `tunnel: ${error.message}`
    })
    socket.on('close', (code) => {
      clearTimeout(patience)
      resolve(problem ?? (done ? null : `a tunnel broke off: ${code}`))
    })
  })
}
