// The servers of a scenario, all in this process: a port each. Started with an IPC channel by run.ts, which sends the
// behaviours; answers with the ports; 'begin' starts the scenario's clock.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { seededRandom } from '../../src/base/random.ts'
import type { ServerBehaviour } from './scenario.ts'

let begun = 0

class QueueingServer {
  private readonly behaviour: ServerBehaviour
  private readonly random: () => number
  private readonly waiting: ServerResponse[] = []
  private busy = 0

  constructor(behaviour: ServerBehaviour, seed: number) {
    this.behaviour = behaviour
    this.random = seededRandom(seed)
  }

  listen(): Promise<number> {
    const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
      if (request.url === '/health') answer(response, 200)
      else if (this.behaviour.fails === true) answer(response, 500)
      else {
        this.waiting.push(response)
        this.next()
      }
    })
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
    })
  }

  private next(): void {
    if (this.busy >= this.behaviour.slots) return
    const response = this.waiting.shift()
    if (response === undefined) return
    this.busy++
    setTimeout(() => {
      this.busy--
      answer(response, 200)
      this.next()
    }, this.serviceTime())
  }

  private serviceTime(): number {
    const { mean, slower } = this.behaviour
    const time = performance.now() - begun
    const factor = slower !== undefined && time >= slower.from && time < slower.to ? slower.times : 1
    return -Math.log(1 - this.random()) * mean * factor
  }
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Length': 2 }).end('ok')
}

process.on('message', async (message: readonly ServerBehaviour[] | 'begin') => {
  if (message === 'begin') begun = performance.now()
  else
    process.send?.(
      await Promise.all(message.map((behaviour, index) => new QueueingServer(behaviour, index + 1).listen())),
    )
})
process.on('disconnect', () => process.exit(0))
