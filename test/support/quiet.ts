// Whether everything that was taken is given back, once nothing is going on any more.
import type { Balancer } from './balancer.ts'
import { eventually } from './wait.ts'

/** Waits until no exchange is under way and every server's count of exchanges in flight is zero. */
export async function quiet({ lb }: Balancer): Promise<void> {
  await eventually(() => {
    const { totals, servers } = lb.metrics()
    return totals.exchangesActive === 0 && servers.every((server) => server.inFlight === 0)
  }, 'nothing to be in flight')
}
