// A peer that has been started for a case.
import { Child } from './machine/child.ts'
import { freePort } from './machine/free-port.ts'
import { processTree } from './machine/resources.ts'
import { tempFolder } from './machine/temp-folder.ts'
import { SMALL_BODY } from './origin/content.ts'
import type { Origin } from './origin/origin.ts'
import type { Peer } from './peers/peer.ts'
import { answers, waitUntil } from './wait-until.ts'

export interface RunningPeer {
  readonly peer: Peer
  readonly port: number
  /** Where its logs are; see PeerLog. */
  readonly folder: string
  /** Of all its processes. */
  readonly pids: readonly number[]
  /** Throws with its last words when it is no longer there. */
  expectAlive(): void
  stop(): Promise<void>
}

/** Resolves when it answers; rejects with its last words when it does not come up. */
export async function startPeer(
  peer: Peer,
  origin: Origin,
  { logging, clients }: { logging: boolean; clients: number },
): Promise<RunningPeer> {
  const port = await freePort()
  const folder = tempFolder(peer.name.replaceAll(/[^\w.-]+/g, '-'))
  const child = new Child(peer.command({ port, servers: origin.ports, logging, clients, folder }), 'proxy', folder)
  await waitUntil(peer.name, child, () => answers(port, SMALL_BODY))
  return {
    peer,
    port,
    folder,
    pids: processTree(child.pid),
    expectAlive() {
      if (child.hasExited) throw new Error(`it ended by itself:\n${child.lastWords()}`)
    },
    stop: () => child.stop(),
  }
}
