import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as lines from './lines.ts'

const server = { url: 'http://localhost:8001', upstream: 'main' }
const attempt = {
  method: 'GET',
  target: '/a?b',
  server: server.url,
  failure: 'connect_refused',
  reason: 'connection refused',
}

test('the lines read as they always did', () => {
  const said: [lines.LogLine, string][] = [
    [lines.serverAdded(server, 1), 'Added server http://localhost:8001'],
    [lines.serverAdded(server, 3), 'Added server http://localhost:8001 (weight 3)'],
    [lines.listening('main', '*', 8080), 'Load balancer is running on port 8080'],
    [lines.listening('main', '127.0.0.1', 8080), 'Load balancer is running on port 8080 (127.0.0.1)'],
    [lines.serverUnhealthy(server, 'status 500'), 'Server http://localhost:8001 is unhealthy: status 500'],
    [lines.serverHealthy(server, 'status 200'), 'Server http://localhost:8001 is healthy again: status 200'],
    [lines.retrying(attempt), 'Retrying on another server: http://localhost:8001 failed GET /a?b: connection refused'],
    [
      lines.requestFailed(attempt, 502, false),
      'Request failed with 502: GET /a?b: connection refused (server http://localhost:8001)',
    ],
    [
      lines.requestFailed({ ...attempt, server: '', reason: 'no healthy server' }, 503, false),
      'Request failed with 503: GET /a?b: no healthy server',
    ],
    [
      lines.requestFailed({ ...attempt, server: '', reason: 'the client closed the connection' }, 0, false),
      'Request failed: GET /a?b: the client closed the connection',
    ],
    [
      lines.requestFailed({ ...attempt, reason: 'connection reset' }, 200, true),
      'Response broke off after status 200: GET /a?b: connection reset (server http://localhost:8001)',
    ],
    [lines.requestRefused('127.0.0.1', 400, 'bare_cr'), 'Refused a request of 127.0.0.1 with 400: bare_cr'],
    [lines.shuttingDown('SIGINT', 0, 30_000), 'Shutting down: SIGINT received, no exchange is in flight'],
    [
      lines.shuttingDown('SIGTERM', 2, 30_000),
      'Shutting down: SIGTERM received, waiting up to 30 s for 2 exchanges to finish',
    ],
    [lines.shuttingDown('', 1, 500), 'Shutting down: waiting up to 0.5 s for 1 exchange to finish'],
    [lines.shutdownComplete(12, 1), 'Shutdown complete: 12 exchanges finished, 1 cut'],
    [lines.shutdownComplete(1, 0), 'Shutdown complete: 1 exchange finished, 0 cut'],
    [lines.configLoaded('servers.json', 1, 3), 'Config from servers.json: 3 servers in 1 upstream'],
    [lines.linesDropped(1), '1 log line was dropped because the reader of the log is too slow'],
    [lines.linesDropped(7), '7 log lines were dropped because the reader of the log is too slow'],
    [lines.linesLost(2, 'ENOSPC'), '2 log lines could not be written: ENOSPC'],
  ]
  for (const [line, message] of said) assert.equal(line.message, message)
})

test('only what needs attention is a warning or an error', () => {
  const level = (line: lines.LogLine) => line.level
  assert.deepEqual([lines.serverAdded(server, 1), lines.shutdownComplete(1, 0)].map(level), ['info', 'info'])
  assert.deepEqual([lines.serverUnhealthy(server, ''), lines.retrying(attempt)].map(level), ['warn', 'warn'])
  assert.deepEqual([lines.allServersDown('main'), lines.configRefused('x', 2)].map(level), ['error', 'error'])
})
