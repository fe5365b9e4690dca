// The health check that asks for a page: a status in the expected ranges, and a text in the body when one is given.
// Every probe makes a connection of its own, so that it also shows whether the server still accepts new ones.
import { type ClientRequest, type IncomingMessage, request as makeRequest } from 'node:http'
import type { HealthCheckConfig, ServerConfig } from '../config/config.ts'
import type { HealthCheck, ProbeResult } from '../seams/health-check.ts'
import { bareHost, describeFailure, describeTimeout } from './describe.ts'

const BODY_LIMIT = 64 * 1024

export const http: HealthCheck = {
  kind: 'http',
  summary: 'Sends a request and looks at the status, and at the body when `body_contains` is set.',
  make: (config) => (server, signal) => probe(config, server, signal),
}

function probe(config: HealthCheckConfig, server: ServerConfig, signal: AbortSignal): Promise<ProbeResult> {
  if (signal.aborted) return Promise.resolve(bad(describeTimeout('answer', config.timeout)))

  return new Promise((resolve) => {
    const began = performance.now()
    let request: ClientRequest | undefined
    let awaited: 'connection' | 'answer' | 'complete body' = 'connection'

    function settle(result: ProbeResult): void {
      signal.removeEventListener('abort', onAbort)
      request?.destroy()
      resolve(result)
    }
    function onAbort(): void {
      settle(bad(describeTimeout(awaited, config.timeout)))
    }
    function onError(error: Error): void {
      settle(bad(describeFailure(error, server.host)))
    }
    function onBrokenBody(): void {
      settle(bad('connection closed inside the body'))
    }
    function onResponse(response: IncomingMessage): void {
      const status = response.statusCode ?? 0
      const good = { ok: true, detail: `status ${status} in ${Math.round(performance.now() - began)} ms` }
      if (!config.statuses.some(({ from, to }) => from <= status && status <= to)) {
        settle(bad(`${describeStatus(response)}, expected ${describeRanges(config.statuses)}`))
      } else if (config.body_contains === '') {
        settle(good)
      } else {
        awaited = 'complete body'
        response.on('error', onBrokenBody)
        response.on('close', onBrokenBody)
        searchBody(response, Buffer.from(config.body_contains), (found) =>
          settle(found ? good : bad(`body does not contain ${JSON.stringify(config.body_contains)}`)),
        )
      }
    }

    signal.addEventListener('abort', onAbort)
    try {
      request = makeRequest({
        agent: false,
        host: bareHost(server.host),
        port: config.port || server.port,
        method: config.method,
        path: config.path,
        setHost: false,
      })
      request.on('error', onError)
      request.on('socket', (socket) => {
        socket.on('connect', () => {
          awaited = 'answer'
        })
      })
      request.on('response', onResponse)
      request.on('upgrade', (response, socket) => {
        socket.destroy()
        onResponse(response)
      })
      // The last resort: whatever ended the connection, the probe has an answer. A response still tells its own end.
      request.on('close', () => {
        if (awaited !== 'complete body') settle(bad('connection closed without an answer'))
      })
      setHeaders(request, config, server)
      request.end()
    } catch (error) {
      settle(bad(`the check cannot be sent: ${(error as Error).message}`))
    }
  })
}

/** Throws when a header cannot be written. Headers of the config take the place of ours. */
function setHeaders(request: ClientRequest, config: HealthCheckConfig, server: ServerConfig): void {
  request.setHeader('Host', new URL(server.url).host)
  request.setHeader('User-Agent', 'octoload-health-check')
  request.setHeader('Connection', 'close')
  for (const [name, value] of Object.entries(config.headers)) request.setHeader(name, value)
}

/** Calls `done` once the text is found, or cannot be any more: the body has ended, or the limit is reached. */
function searchBody(response: IncomingMessage, text: Buffer, done: (found: boolean) => void): void {
  const body = Buffer.allocUnsafe(BODY_LIMIT)
  let length = 0
  response.on('data', (chunk: Buffer) => {
    const from = Math.max(0, length - text.length + 1)
    length += chunk.copy(body, length)
    if (body.subarray(from, length).includes(text)) done(true)
    else if (length === BODY_LIMIT) done(false)
  })
  response.on('end', () => done(false))
}

function describeStatus(response: IncomingMessage): string {
  const { location } = response.headers
  if (location === undefined) return `status ${response.statusCode}`
  return `status ${response.statusCode} (redirects to ${location.slice(0, 200)})`
}

function describeRanges(ranges: HealthCheckConfig['statuses']): string {
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(' or ')
}

function bad(detail: string): ProbeResult {
  return { ok: false, detail }
}
