// octoload itself: of this tree, or of another one that it is compared with.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Peer, ProxySetup } from './peer.ts'

export const THIS_TREE = join(import.meta.dirname, '../..')

/** The octoload whose `bin/octoload.js` lies in `folder`, run on the Node of this process; `settings` go into its `load_balancer`. */
export function octoload(folder: string = THIS_TREE, name: string = 'octoload', settings: object = {}): Peer {
  return {
    name,
    log: { file: 'stdout.log', about: 'selection lines on its standard output, buffered' },
    isReference: false,
    version() {
      const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
      return version
    },
    command(setup) {
      const config = join(setup.folder, 'servers.json')
      writeFileSync(config, JSON.stringify(configFor(setup, settings), null, 2))
      return { argv: [process.execPath, join(folder, 'bin/octoload.js'), '--config', config] }
    },
  }
}

function configFor({ port, servers, logging, clients }: ProxySetup, settings: object) {
  return {
    load_balancer: { port, strategy: 'round_robin', workers: 1, ...settings },
    servers: { urls: servers.map((server) => `http://127.0.0.1:${server}`) },
    logging: { selection: logging },
    timeouts: { keep_alive_idle: '1h' },
    limits: { client_connections: clients },
  }
}
