// @fastify/http-proxy, the plugin of Fastify, over undici.
import { packageVersion } from './installed.ts'
import { nodeCommand } from './node-setup.ts'
import type { Peer } from './peer.ts'

export const fastifyHttpProxy: Peer = {
  name: '@fastify/http-proxy',
  log: 'one pino line for each response to a file, buffered (64 KiB)',
  isReference: false,
  version: () => packageVersion('@fastify/http-proxy'),
  command: (setup) => nodeCommand('fastify-http-proxy-server.ts', setup),
}
