// @fastify/http-proxy in production settings: no request logging unless asked for, one undici pool per server.
import { appendFile } from 'node:fs'
import { join } from 'node:path'
import proxy from '@fastify/http-proxy'
import fastify, { LogController } from 'fastify'
import { receivedSetup } from '../node-setup.ts'

const { port, servers, logging, folder } = receivedSetup()
const urls = servers.map((server) => `http://127.0.0.1:${server}`)
let turn = 0

let lines = ''
const log = {
  write(line: string): void {
    lines += line
    if (lines.length < 64 * 1024) return
    appendFile(join(folder, 'access.log'), lines, () => {})
    lines = ''
  },
}

// Fastify's own two lines for each request give way to one, as in the other logs.
const app = fastify({
  logger: logging ? { level: 'info', stream: log } : false,
  logController: new LogController({ disableRequestLogging: true }),
  keepAliveTimeout: 3_600_000,
})
if (logging) {
  app.addHook('onResponse', (request, reply, done) => {
    request.log.info({ req: request, res: reply, responseTime: reply.elapsedTime }, 'request completed')
    done()
  })
}

app.register(proxy, {
  upstream: '',
  disableRequestLogging: true,
  undici: { connections: 256, pipelining: 1, keepAliveTimeout: 3_600_000 },
  replyOptions: {
    getUpstream: () => urls[turn++ % urls.length]!,
    rewriteRequestHeaders(request, headers) {
      headers.host = request.headers.host
      headers['x-forwarded-for'] = request.raw.socket.remoteAddress
      headers['x-forwarded-proto'] = 'http'
      headers['x-forwarded-host'] = request.headers.host
      headers.via = '1.1 fastify'
      return headers
    },
    rewriteHeaders(headers) {
      // It would pass the server's `Connection: keep-alive` on, also to a client that asked to close.
      delete headers.connection
      return headers
    },
  },
})
await app.listen({ host: '127.0.0.1', port, backlog: 4096 })
