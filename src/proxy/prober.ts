// Asks servers how they are, beside all exchanges, for strategies that want to know (Prequal). Probes have connections of
// their own, which stay open for the next one; no exchange waits for a probe, and there are never more than a few at a time.
import type { ProbeAnswer } from '../seams/strategy.ts'
import { ProbeConnection } from './probe.ts'
import type { Runtime } from './runtime.ts'
import type { Server } from './server.ts'

/** Probes at a time. What comes beyond is not sent: a server that does not answer in time is not asked more often. */
const MOST = 128
const MOST_PER_SERVER = 4
/**
 * Milliseconds between two probes of a server. What this process has in flight is known without asking, so an answer that is a little
 * older is as good; and under thousands of requests a second, a probe for each would cost as much as the requests.
 */
const REST_MS = 20

/** The connections for the probes of one server. */
interface Line {
  active: number
  /** When the last probe was sent; milliseconds on the monotonic clock. */
  askedAt: number
  readonly idle: ProbeConnection[]
}

export class Prober {
  private readonly runtime: Runtime
  private readonly lines = new Map<Server, Line>()
  private active = 0

  constructor(runtime: Runtime) {
    this.runtime = runtime
  }

  /** `answered` is called once; never when the server has left, was asked a moment ago, or there are too many probes already. */
  probe(server: Server, path: string, answered: (answer: ProbeAnswer) => void): void {
    // One that has left must not get a line any more: nobody would take it away again.
    if (server.closed || this.active >= MOST) return
    let line = this.lines.get(server)
    if (line === undefined) {
      line = { active: 0, askedAt: Number.NEGATIVE_INFINITY, idle: [] }
      this.lines.set(server, line)
    }
    const now = performance.now()
    if (line.active >= MOST_PER_SERVER || now < line.askedAt + REST_MS) return
    line.askedAt = now
    line.active++
    this.active++
    const connection = line.idle.pop() ?? this.open(server, line)
    connection.ask(path === '' ? server.upstream.probePath : path, (answer) => {
      line.active--
      this.active--
      answered(answer)
    })
  }

  /** Closes what waits for the next probe; for all servers, or for one that has left. */
  close(server?: Server): void {
    for (const [other, { idle }] of this.lines) {
      if (server !== undefined && other !== server) continue
      this.lines.delete(other)
      for (const connection of idle.splice(0)) connection.destroy()
    }
  }

  private open(server: Server, line: Line): ProbeConnection {
    return new ProbeConnection(
      this.runtime,
      server,
      (connection) => {
        const keeps = !server.closed && this.lines.get(server) === line
        if (keeps) line.idle.push(connection)
        return keeps
      },
      (connection) => {
        const index = line.idle.indexOf(connection)
        if (index >= 0) line.idle.splice(index, 1)
      },
    )
  }
}
