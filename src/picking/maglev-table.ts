// Maglev hashing (Eisenbud et al., NSDI 2016, section 3.4): a table of which each server fills its share, in an order of
// its own. A look-up is one step, and the shares are as exact as the table is large; when servers come or go, a few more keys
// move than on a ring.
import { hashText } from '../base/text-hash.ts'
import type { PickableServers } from '../seams/strategy.ts'
import type { Placement } from './placement.ts'
import { weightsOf } from './weights.ts'

/** Primes: the paper's small and large table. With a hundred entries to a server its share is within a percent. */
const SMALL = 65_537
const LARGE = 655_373
const SMALL_UP_TO = 655

export class MaglevTable implements Placement {
  private readonly table: Uint16Array | Uint32Array

  constructor(servers: PickableServers) {
    const size = servers.count <= SMALL_UP_TO ? SMALL : LARGE
    this.table = fill(servers, size)
  }

  hash(key: string): number {
    return hashText(key)
  }

  /** Neighbours in the table are as good as drawn by weight. */
  at(hash: number, rank: number): number {
    return this.table[((hash >>> 0) + rank) % this.table.length]!
  }
}

function fill(servers: PickableServers, size: number): Uint16Array | Uint32Array {
  const { count } = servers
  const table = count < 2 ** 16 ? new Uint16Array(size) : new Uint32Array(size)
  const taken = new Uint8Array(size)
  const weights = weightsOf(servers)
  const heaviest = Math.max(...weights)
  // Where each server stands in its own permutation of the table, and by how much it steps on.
  const next = new Uint32Array(count)
  const skip = new Uint32Array(count)
  for (let position = 0; position < count; position++) {
    const address = servers.address(position)
    next[position] = (hashText(address, 0x0ff5e7) >>> 0) % size
    skip[position] = 1 + ((hashText(address, 0x5eed) >>> 0) % (size - 1))
  }
  // Every round each server earns its weight; whoever has earned that of the heaviest takes an entry. (Envoy does it so.)
  const earned = new Float64Array(count)
  // By address, so that the order of the list does not matter.
  const addresses = Array.from({ length: count }, (_, position) => servers.address(position))
  const order = Uint32Array.from(addresses.keys()).sort((a, b) => (addresses[a]! < addresses[b]! ? -1 : 1))
  for (let filled = 0; ; ) {
    for (const position of order) {
      earned[position]! += weights[position]!
      if (earned[position]! < heaviest) continue
      earned[position]! -= heaviest
      let entry = next[position]!
      while (taken[entry] === 1) entry = (entry + skip[position]!) % size
      taken[entry] = 1
      table[entry] = position
      next[position] = (entry + skip[position]!) % size
      if (++filled === size) return table
    }
  }
}
