// http-proxy-3, the maintained successor of http-proxy, over node:http.
import { packageVersion } from './installed.ts'
import { nodeCommand } from './node-setup.ts'
import type { Peer } from './peer.ts'

export const httpProxy3: Peer = {
  name: 'http-proxy-3',
  log: null,
  isReference: false,
  version: () => packageVersion('http-proxy-3'),
  command: (setup) => nodeCommand('http-proxy-3-server.ts', setup),
}
