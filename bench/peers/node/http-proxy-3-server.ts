// http-proxy-3 in production settings: a keep-alive agent, which it does not use by default, and xfwd.
import { Agent, createServer } from 'node:http'
import { createProxyServer } from 'http-proxy-3'
import { receivedSetup } from '../node-setup.ts'

const { port, servers } = receivedSetup()
const targets = servers.map((server) => `http://127.0.0.1:${server}`)
let turn = 0

const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 })
const proxy = createProxyServer({ agent, xfwd: true })
// It would pass a client's `Connection: close` on to the server, losing the kept connection, and the server's
// `keep-alive` on to a client that asked to close.
proxy.on('proxyReq', (request) => request.setHeader('Connection', 'keep-alive'))
proxy.on('proxyRes', (response) => delete response.headers.connection)
proxy.on('error', (_error, _request, response) => {
  if ('writeHead' in response && !response.headersSent) response.writeHead(502)
  response.end()
})

const server = createServer({ keepAliveTimeout: 3_600_000, noDelay: true }, (request, response) => {
  request.headers.via = '1.1 http-proxy-3'
  proxy.web(request, response, { target: targets[turn++ % targets.length]! })
})
server.listen({ host: '127.0.0.1', port, backlog: 4096 })
