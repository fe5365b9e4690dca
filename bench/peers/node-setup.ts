// How a proxy written for Node receives its setup: as JSON in its one argument.
import { join } from 'node:path'
import type { Command } from '../machine/child.ts'
import type { ProxySetup } from './peer.ts'

/** Runs `peers/node/<file>` on the Node of this process. */
export function nodeCommand(file: string, setup: ProxySetup): Command {
  return { argv: [process.execPath, join(import.meta.dirname, 'node', file), JSON.stringify(setup)] }
}

/** In the child: the setup that `nodeCommand` passed. */
export function receivedSetup(): ProxySetup {
  return JSON.parse(process.argv[2]!) as ProxySetup
}
