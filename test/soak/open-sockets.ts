// The sockets of a process, as the kernel sees them (/proc, Linux).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const TIME_WAIT = '06'
const LISTEN = '0A'

export interface OpenSockets {
  /** All open files, sockets included. */
  readonly files: number
  readonly sockets: number
  /** TCP connections of the process, and those to or from `port` that belong to nobody any more but still wait for something. */
  readonly connections: number
  readonly listening: number
}

export function openSockets(pid: number, port: number): OpenSockets {
  const folder = `/proc/${pid}/fd`
  const inodes = new Set<string>()
  let files = 0
  for (const name of readdirSync(folder)) {
    files++
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${name}`))?.[1]
    if (inode !== undefined) inodes.add(inode)
  }
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  let connections = 0
  let listening = 0
  for (const table of ['tcp', 'tcp6']) {
    for (const row of readFileSync(`/proc/net/${table}`, 'latin1').split('\n').slice(1)) {
      const cells = row.trim().split(/\s+/)
      const [, local = '', , state = ''] = cells
      const inode = cells[9] ?? ''
      if (state === TIME_WAIT || !(inodes.has(inode) || (inode === '0' && local.endsWith(suffix)))) continue
      if (state === LISTEN) listening++
      else connections++
    }
  }
  return { files, sockets: inodes.size, connections, listening }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    // Closed meanwhile.
    return ''
  }
}
