// Sends one request per connection, a fixed number at a time, and prints the result as one line of JSON.
//   node connection-per-request-client.ts JOB.json
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createHistogram } from 'node:perf_hooks'
import type { LoadResult } from './load.ts'

interface Job {
  readonly port: number
  readonly seconds: number
  readonly connections: number
  /** Latin-1. */
  readonly request: string
}

const { port, seconds, connections, request } = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Job
const latencies = createHistogram()
const started = performance.now()
const deadline = started + seconds * 1000
let active = connections
let sockets = 0
let statuses = 0

for (let i = 0; i < connections; i++) exchange()

function exchange(): void {
  const begun = performance.now()
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  let response = ''
  socket.setEncoding('latin1')
  socket.setTimeout(5000, () => socket.destroy())
  socket.write(request)
  socket.on('data', (text: string) => {
    response += text
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    if (!isComplete(response)) sockets++
    else if (!/^HTTP\/1\.1 2/.test(response)) statuses++
    latencies.record(Math.max(1, Math.round((performance.now() - begun) * 1000)))
    if (performance.now() < deadline) exchange()
    else if (--active === 0) finish()
  })
}

function isComplete(response: string): boolean {
  const headEnd = response.indexOf('\r\n\r\n')
  const length = Number(/\r\nContent-Length: *(\d+)/i.exec(response)?.[1] ?? 0)
  return headEnd !== -1 && response.length - headEnd - 4 >= length
}

function finish(): void {
  const line: LoadResult = {
    requests: latencies.count - sockets,
    seconds: (performance.now() - started) / 1000,
    p50: latencies.percentile(50),
    p99: latencies.percentile(99),
    errors: { sockets, statuses },
  }
  console.log(`RESULT ${JSON.stringify(line)}`)
}
