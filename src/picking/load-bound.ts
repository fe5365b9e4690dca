// Consistent hashing with bounded loads (Mirrokni, Thorup and Zadimoghaddam, SODA 2018): no server takes more than a factor
// of its share of all that is in flight, whatever keys are asked for; keys beyond it go on to their next choice.
//
// What is in flight at all servers together is summed up for each pick while there are few. Of many, a few are read anew for
// each pick and each one that an attempt begins or ends on here; what other workers do is noticed a little later then, and
// the sum of thousands of servers does not change much meanwhile. What is in flight on the server itself is always exact.
import type { PickableServers } from '../seams/strategy.ts'
import { sharesOf } from './weights.ts'

const SUMMED_UP_TO = 64
const READ_PER_PICK = 32

export class LoadBound {
  private readonly servers: PickableServers
  private readonly factor: number
  private readonly shares: Float64Array
  /** What was read last of each server, and the sum of it. */
  private readonly seen: Int32Array
  private total = 0
  private next = 0

  constructor(servers: PickableServers, factor: number) {
    this.servers = servers
    this.factor = factor
    this.shares = sharesOf(servers)
    this.seen = new Int32Array(servers.count)
    for (let position = 0; position < servers.count; position++) this.read(position)
  }

  /** To be called before each pick. */
  refresh(): void {
    const { count } = this.servers
    const reads = count <= SUMMED_UP_TO ? count : READ_PER_PICK
    for (let done = 0; done < reads; done++) {
      this.read(this.next)
      this.next = this.next + 1 === count ? 0 : this.next + 1
    }
  }

  /** The server has begun or ended an exchange. */
  read(position: number): void {
    const inFlight = this.servers.inFlight(position)
    this.total += inFlight - this.seen[position]!
    this.seen[position] = inFlight
  }

  /** Whether one more exchange keeps the server within its bound, that exchange counted in. */
  allows(position: number): boolean {
    return this.servers.inFlight(position) < Math.ceil(this.factor * (this.total + 1) * this.shares[position]!)
  }
}
