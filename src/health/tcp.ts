// The health check that only connects: for servers that have no page to ask for.
import { connect } from 'node:net'
import type { HealthCheckConfig, ServerConfig } from '../config/config.ts'
import type { HealthCheck, ProbeResult } from '../seams/health-check.ts'
import { bareHost, describeFailure, describeTimeout } from './describe.ts'

export const tcp: HealthCheck = {
  kind: 'tcp',
  summary: 'Opens a TCP connection and closes it again.',
  make: (config) => (server, signal) => probe(config, server, signal),
}

function probe(config: HealthCheckConfig, server: ServerConfig, signal: AbortSignal): Promise<ProbeResult> {
  const timedOut: ProbeResult = { ok: false, detail: describeTimeout('connection', config.timeout) }
  if (signal.aborted) return Promise.resolve(timedOut)

  return new Promise((resolve) => {
    const began = performance.now()
    const socket = connect({ host: bareHost(server.host), port: config.port || server.port })

    function settle(result: ProbeResult): void {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      resolve(result)
    }
    function onAbort(): void {
      settle(timedOut)
    }

    signal.addEventListener('abort', onAbort)
    socket.on('connect', () => settle({ ok: true, detail: `connected in ${Math.round(performance.now() - began)} ms` }))
    socket.on('error', (error) => settle({ ok: false, detail: describeFailure(error, server.host) }))
  })
}
