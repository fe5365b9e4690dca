// Looks before it measures: a proxy that answers wrongly, or does less work than the others, must not win.
import { Agent, type IncomingMessage, request } from 'node:http'
import { type BenchCase, type BenchRequest, HOST } from './cases/bench-case.ts'
import { SMALL_REQUEST } from './cases/small.ts'
import { FORWARDED_HEADERS, FORWARDED_PATH } from './origin/content.ts'
import { SERVERS } from './origin/origin.ts'

const SAMPLES = 12

interface Answer {
  readonly head: IncomingMessage
  readonly body: Buffer
}

/** Throws unless the proxy answers the requests of the case byte for byte, unchanged, and from each server if it `takesTurns`. */
export async function checkPeer(port: number, benchCase: BenchCase, takesTurns: boolean): Promise<void> {
  const agent = benchCase.connectionPerRequest ? false : new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    const servers = new Set<unknown>()
    for (let i = 0; i < SAMPLES; i++) {
      const question = benchCase.requests[i % benchCase.requests.length]!
      const { head, body } = await ask(port, question, agent)
      expectEqual(`status of ${question.target}`, head.statusCode, 200)
      if (!body.equals(benchCase.responseBody)) {
        const found = `${body.length} bytes for ${benchCase.responseBody.length}`
        throw new Error(`the body of ${question.target} is not the origin's (${found})`)
      }
      if (question.body !== null) {
        expectEqual('Content-Length at the origin', head.headers['x-received'], String(question.body.length))
      }
      if (benchCase.connectionPerRequest) expectEqual('Connection', head.headers.connection?.toLowerCase(), 'close')
      servers.add(head.headers['x-server'])
    }
    if (takesTurns) expectEqual(`servers that answered ${SAMPLES} requests`, servers.size, SERVERS)
    await checkForwarding(port, agent)
  } finally {
    if (agent !== false) agent.destroy()
  }
}

async function checkForwarding(port: number, agent: Agent | false): Promise<void> {
  const { body } = await ask(port, { ...SMALL_REQUEST, target: FORWARDED_PATH }, agent)
  const values = body.toString().split('|')
  const found = Object.fromEntries(FORWARDED_HEADERS.map((name, index) => [name, values[index]]))
  expectEqual('Host at the origin', found.host, HOST)
  expectEqual('X-Forwarded-For at the origin', found['x-forwarded-for']?.replace('::ffff:', ''), '127.0.0.1')
  expectEqual('X-Forwarded-Proto at the origin', found['x-forwarded-proto'], 'http')
  expectEqual('X-Forwarded-Host at the origin', found['x-forwarded-host'], HOST)
  expectEqual('Via at the origin', /^1\.1 \S+$/.test(found.via ?? ''), true)
}

function expectEqual(what: string, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`${what}: ${String(found)} where ${String(expected)} was expected`)
}

function ask(port: number, { method, target, headers, body }: BenchRequest, agent: Agent | false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path: target, headers: headers.flat(), agent, timeout: 5000 }
    const exchange = request(options, (head) => {
      const chunks: Buffer[] = []
      head.on('data', (chunk: Buffer) => chunks.push(chunk))
      head.on('error', reject)
      head.on('end', () => resolve({ head, body: Buffer.concat(chunks) }))
    })
    exchange.on('timeout', () => exchange.destroy(new Error(`no answer to ${target} in 5 s`)))
    exchange.on('error', reject)
    exchange.end(body ?? undefined)
  })
}
