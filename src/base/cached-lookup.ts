// Name look-ups for new connections, remembered for a few seconds: `localhost` in a config must not cost a round
// through the resolver's threads for each connection, and a resolver that is away must not take servers with it.
import dns from 'node:dns'
import type { LookupFunction } from 'node:net'

const FRESH_MS = 10_000
const MAX_NAMES = 10_000

interface Entry {
  addresses: dns.LookupAddress[]
  until: number
  refreshing: boolean
}

const entries = new Map<string, Entry>()

/** As `dns.lookup`, for `net.connect`. An answer that has grown old is used once more while a new one is fetched. */
export const cachedLookup: LookupFunction = (hostname, options, callback) => {
  const entry = entries.get(hostname)
  if (entry === undefined) {
    fetch(hostname, (error, addresses) => answer(error, addresses, options.all === true, callback))
    return
  }
  if (entry.until < performance.now() && !entry.refreshing) {
    entry.refreshing = true
    fetch(hostname, (error) => {
      entry.refreshing = false
      // Keep what we have; ask again only after a while.
      if (error !== null) entry.until = performance.now() + FRESH_MS
    })
  }
  process.nextTick(answer, null, entry.addresses, options.all === true, callback)
}

function fetch(
  hostname: string,
  done: (error: NodeJS.ErrnoException | null, addresses: dns.LookupAddress[]) => void,
): void {
  dns.lookup(hostname, { all: true }, (error, addresses) => {
    if (error === null) {
      if (entries.size >= MAX_NAMES) entries.clear()
      entries.set(hostname, { addresses, until: performance.now() + FRESH_MS, refreshing: false })
    }
    done(error, addresses)
  })
}

function answer(
  error: NodeJS.ErrnoException | null,
  addresses: dns.LookupAddress[],
  all: boolean,
  callback: Parameters<LookupFunction>[2],
): void {
  if (error !== null) callback(error, [])
  else if (all) callback(null, addresses)
  else callback(null, addresses[0]!.address, addresses[0]!.family)
}
