// A strategy of your own: `"strategy": { "name": "./my-strategy.ts", "near": 2 }` in the config. Of the first `near` servers of
// the list it takes turns among those with the least in flight; the others are used only while all of these are busy.
// It has no imports that are left when it runs, so it works wherever octoload is installed.
import type { PickableServers, PickExchange, Strategy } from 'octoload'

/** No server is left. */
const NONE = -1

export const nearFirst: Strategy = {
  name: 'near_first',
  title: 'near first',
  summary: 'The least busy of the first servers of the list; the others while all of these are busy.',
  showsLoad: true,
  options: {
    near: { kind: 'whole', min: 1, max: 1000, default: 1, summary: 'How many servers are near.' },
    busy: {
      kind: 'whole',
      min: 1,
      max: 100_000,
      default: 10,
      summary: 'Exchanges in flight from which on one is busy.',
    },
  },
  make(servers, { turn }, options) {
    const near = Math.min(Number(options.near), servers.count)
    const busy = Number(options.busy)
    return {
      pick(exchange) {
        const first = leastActive(servers, exchange, 0, near, turn.next())
        if (first !== NONE && servers.inFlight(first) < busy) return first
        const other = leastActive(servers, exchange, near, servers.count, turn.next())
        return other === NONE ? first : other
      },
    }
  },
}

/** Of the servers from `from` up to `to`, with the search beginning at another one each time. */
function leastActive(servers: PickableServers, exchange: PickExchange, from: number, to: number, turn: number): number {
  let best = NONE
  for (let step = 0; step < to - from; step++) {
    const position = from + (((turn >>> 0) + step) % (to - from))
    if (exchange.excludes(position)) continue
    if (best === NONE || servers.inFlight(position) < servers.inFlight(best)) best = position
  }
  return best
}
