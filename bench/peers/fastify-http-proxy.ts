// @fastify/http-proxy, the plugin of Fastify, over undici.
import { packageVersion } from './installed.ts'
import { nodeCommand } from './node-setup.ts'
import type { Peer } from './peer.ts'

export const fastifyHttpProxy: Peer = {
  name: '@fastify/http-proxy',
  log: { file: 'access.log', about: 'one pino line for each response, buffered (64 KiB)' },
  isReference: false,
  version: () => packageVersion('@fastify/http-proxy'),
  command: (setup) => nodeCommand('fastify-http-proxy-server.ts', setup),
}
