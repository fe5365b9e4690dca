// A balancer with several workers, and a way to reach a certain one: the system chooses the worker of a connection.
import type { Snapshot } from '../../src/index.ts'
import type { Balancer } from '../support/balancer.ts'
import type { Client } from '../support/client.ts'
import { eventually } from '../support/wait.ts'

type WorkerSnapshot = Snapshot['workers'][number]

export function workerOf(balancer: Balancer, worker: number): WorkerSnapshot {
  return balancer.lb.metrics().workers[worker]!
}

/** Opens a connection that a certain worker has accepted. Nothing else may connect meanwhile. */
export async function connectTo(balancer: Balancer, worker: number): Promise<Client> {
  for (;;) {
    const before = accepted(balancer)
    const client = await balancer.connect()
    const after = await eventually(() => {
      const now = accepted(balancer)
      return now.some((count, index) => count > before[index]!) ? now : undefined
    }, 'a worker to accept the connection')
    if ((after?.[worker] ?? 0) > before[worker]!) return client
    client.socket.destroy()
  }
}

function accepted(balancer: Balancer): number[] {
  return balancer.lb.metrics().workers.map((worker) => worker.clientConnections)
}

/** Every number that must be zero when nothing is going on, and what it is. Idle connections to servers count only when `stopped`. */
export function leftovers(snapshot: Snapshot, stopped: boolean): Record<string, number> {
  const { totals, servers, workers } = snapshot
  const counts: Record<string, number> = {
    exchanges: totals.exchangesActive,
    clientConnections: totals.clientConnectionsActive,
    tunnels: totals.tunnelsActive,
  }
  for (const { url, inFlight, connectionsActive, connectionsIdle } of servers) {
    counts[`in flight ${url}`] = inFlight
    counts[`busy connections ${url}`] = connectionsActive - connectionsIdle
    if (stopped) counts[`idle connections ${url}`] = connectionsIdle
  }
  for (const { worker, exchangesActive, clientConnectionsActive, tunnelsActive } of workers) {
    counts[`exchanges of worker ${worker}`] = exchangesActive
    counts[`client connections of worker ${worker}`] = clientConnectionsActive
    counts[`tunnels of worker ${worker}`] = tunnelsActive
  }
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0))
}
