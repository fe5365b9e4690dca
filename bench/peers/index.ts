// The registry of peers, in the order in which they take turns. A new peer is a file beside this one and a line here.
import { caddy } from './caddy.ts'
import { fastifyHttpProxy } from './fastify-http-proxy.ts'
import { haproxy } from './haproxy.ts'
import { httpProxy3 } from './http-proxy-3.ts'
import { nginx } from './nginx.ts'
import type { Peer } from './peer.ts'

/** Every peer but octoload, which the caller adds from the tree that is to be measured. */
export const OTHERS: readonly Peer[] = [nginx, haproxy, caddy, fastifyHttpProxy, httpProxy3]
