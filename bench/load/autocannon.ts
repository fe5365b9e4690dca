// autocannon: a load generator in JavaScript, for machines without wrk. It costs more than most proxies, so requests/s
// and latencies are then its own; CPU per request still tells the truth.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { serialise } from '../cases/bench-case.ts'
import { Child } from '../machine/child.ts'
import { packageVersion } from '../peers/installed.ts'
import type { LoadGenerator, LoadResult, LoadTarget } from './load.ts'

/** autocannon builds all requests anew for each connection before it starts; 499 would take most of a short round. */
const MOST_REQUESTS = 47

export const autocannon: LoadGenerator = {
  name: 'autocannon',
  version: () => packageVersion('autocannon'),
  async run(target) {
    // autocannon does not count the responses after which it reconnects, so a client of our own stands in there.
    const { connectionPerRequest } = target.benchCase
    const client = connectionPerRequest ? 'connection-per-request-client.ts' : 'autocannon-client.ts'
    const job = join(target.folder, 'job.json')
    writeFileSync(job, JSON.stringify(connectionPerRequest ? rawJob(target) : autocannonJob(target)))
    const child = new Child({ argv: [process.execPath, join(import.meta.dirname, client), job] }, 'load', target.folder)
    await child.exited
    const line = /^RESULT (.*)$/m.exec(child.output())?.[1]
    if (line === undefined) throw new Error(`autocannon failed:\n${child.lastWords()}`)
    return JSON.parse(line) as LoadResult
  },
}

function autocannonJob({ port, seconds, benchCase }: LoadTarget) {
  return {
    url: `http://127.0.0.1:${port}`,
    connections: benchCase.connections,
    duration: seconds,
    timeout: 5,
    requests: benchCase.requests.slice(0, MOST_REQUESTS).map(({ method, target, headers, body }) => ({
      method,
      path: target,
      headers: Object.fromEntries(headers),
      ...(body === null ? {} : { body: body.toString() }),
    })),
  }
}

function rawJob({ port, seconds, benchCase }: LoadTarget) {
  const request = serialise(benchCase.requests[0]!).toString('latin1')
  return { port, seconds, connections: benchCase.connections, request }
}
