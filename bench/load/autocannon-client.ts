// Runs one job of autocannon in a process of its own and prints the result as one line of JSON.
//   node autocannon-client.ts JOB.json
import { readFileSync } from 'node:fs'
import autocannon, { type Options } from 'autocannon'
import type { LoadResult } from './load.ts'

const job = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Options
const result = await autocannon(job)
const line: LoadResult = {
  requests: result.requests.total,
  seconds: result.duration,
  p50: result.latency.p50 * 1000,
  p99: result.latency.p99 * 1000,
  errors: { sockets: result.errors, statuses: result.non2xx },
}
console.log(`RESULT ${JSON.stringify(line)}`)
