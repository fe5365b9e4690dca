// Whether this process still listens on a port. To try whether it can be reached would not do: a port that was given up may
// belong to somebody else a moment later, above all while other tests run.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'

const LISTEN = '0A'

export async function listensHere(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return reachable(port)
  const inodes = new Set(readdirSync('/proc/self/fd').map((name) => /^socket:\[(\d+)\]$/.exec(target(name))?.[1]))
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/self/net/${table}`, 'latin1').split('\n').slice(1),
  )
  return rows.some((row) => {
    const cells = row.trim().split(/\s+/)
    return cells[1]?.endsWith(suffix) && cells[3] === LISTEN && inodes.has(cells[9])
  })
}

function target(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return ''
  }
}

function reachable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
