// An open load: requests come at random times (Poisson) whether or not earlier ones were answered, as those of many people
// do, and the time of each counts from when it was due. A closed load would wait for slow servers and hide them.
import { Agent, get } from 'node:http'

export interface LoadResult {
  readonly requests: number
  /** Answers other than 200, and none at all. */
  readonly failures: number
  /** Milliseconds, sorted; of the answers that were 200. */
  readonly times: readonly number[]
}

/** `rate` requests a second for `millis`; what comes in the first `warmUp` milliseconds does not count. */
export async function openLoad(
  port: number,
  rate: number,
  warmUp: number,
  millis: number,
  random: () => number,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  const times: number[] = []
  const open = new Set<Promise<void>>()
  let requests = 0
  let failures = 0
  const begin = performance.now()
  let due = begin
  while (due < begin + warmUp + millis) {
    const wait = due - performance.now()
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    for (; due <= performance.now(); due += (-Math.log(1 - random()) * 1000) / rate) {
      const at = due
      const counts = at >= begin + warmUp
      if (counts) requests++
      const exchange = ask(agent, port).then((status) => {
        open.delete(exchange)
        if (!counts) return
        if (status === 200) times.push(performance.now() - at)
        else failures++
      })
      open.add(exchange)
    }
  }
  await Promise.all(open)
  agent.destroy()
  return { requests, failures, times: times.sort((a, b) => a - b) }
}

/** The status; 0 when there was no answer within 10 s. */
function ask(agent: Agent, port: number): Promise<number> {
  return new Promise((resolve) => {
    const request = get({ agent, port, host: '127.0.0.1', path: '/', timeout: 10_000 }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', () => resolve(0))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(0))
  })
}
