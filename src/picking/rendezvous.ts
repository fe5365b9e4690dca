// Rendezvous hashing (Thaler and Ravishankar 1998): each server has a score for each key, and the highest wins. With weights
// the score is −weight / ln(hash), which gives each server exactly its share, whatever the other weights are (Schindelhauer and
// Schomaker 2005). When a server leaves only its own keys move, and they spread over all others.
//
// That looks at every server. Among many the key chooses among groups first, the weight of a group being that of its members,
// then among groups of these, and then among a few servers: three times a few scores. The price is that a server that leaves
// makes its groups lighter, so that up to three times as many keys move as must.
import { minusLog } from '../base/minus-log.ts'
import { hashText, mixHash } from '../base/text-hash.ts'
import type { PickableServers } from '../seams/strategy.ts'
import type { Placement } from './placement.ts'
import { weightsOf } from './weights.ts'

/** Up to so many servers every one is looked at. */
const FLAT_UP_TO = 64
/** Groups within the whole, and within a group. */
const FAN_OUT = 16

export class Rendezvous implements Placement {
  /** Every server is looked at, and moves are as few as can be. */
  readonly flat: boolean
  /** The servers themselves while flat, else the outermost groups. */
  private readonly all: Groups
  /** The `rank`s of the present hash that were given out; for flat ones. */
  private readonly given: Int32Array
  private round = 0

  /**
   * Once in groups, it stays so until there are half as many: going over from one to the other moves nearly all keys, and
   * one server that goes down and up must not do that.
   */
  constructor(servers: PickableServers, before: Rendezvous | undefined) {
    const { count } = servers
    this.flat = count <= (before?.flat === false ? FLAT_UP_TO / 2 : FLAT_UP_TO)
    const weights = weightsOf(servers)
    const seeds = Int32Array.from({ length: count }, (_, position) => hashText(servers.address(position)))
    this.given = new Int32Array(this.flat ? count : 0)
    this.all = this.flat ? serversOf(Array.from(seeds.keys()), seeds, weights) : groupUp(seeds, weights)
  }

  hash(key: string): number {
    return hashText(key)
  }

  at(hash: number, rank: number): number {
    if (this.flat) return this.best(hash, rank)
    // Further choices are the first ones of other hashes.
    const own = rank === 0 ? hash : mixHash(hash + Math.imul(rank, 0x9e3779b9))
    const outer = this.all.inner[winner(this.all, own)]!
    const inner = outer.inner[winner(outer, mixHash(own ^ 0x27d4eb2f))]!
    return inner.positions[winner(inner, mixHash(own ^ 0x165667b1))]!
  }

  private best(hash: number, rank: number): number {
    if (rank === 0) this.round = (this.round + 1) | 0
    const { given, round, all } = this
    const best = rank === 0 ? winner(all, hash) : this.bestOfOthers(hash)
    given[best] = round
    return best
  }

  /** Among those that were not given out in this round. */
  private bestOfOthers(hash: number): number {
    const { given, round } = this
    const { seeds, shares } = this.all
    let best = 0
    let least = Infinity
    for (let position = 0; position < seeds.length; position++) {
      if (given[position] === round) continue
      const cost = minusLog(mixHash(hash ^ seeds[position]!)) * shares[position]!
      if (cost >= least) continue
      best = position
      least = cost
    }
    return best
  }
}

/** Groups of groups or of servers, by their number in the arrays. */
interface Groups {
  readonly seeds: Int32Array
  /** One divided by the weight. */
  readonly shares: Float64Array
  readonly equal: boolean
  /** Empty where there are servers. */
  readonly inner: readonly Groups[]
  readonly positions: Int32Array
}

/** The number with the highest −weight / ln(hash), which is the lowest −ln(hash) / weight. */
function winner(groups: Groups, hash: number): number {
  return groups.equal ? highest(groups.seeds, hash) : cheapest(groups, hash)
}

/** Among equal weights the highest hash wins, and no logarithm is needed. */
function highest(seeds: Int32Array, hash: number): number {
  let best = 0
  // From the greatest down, as a number with a sign: turning the highest bit over keeps the order.
  let most = -(2 ** 31)
  for (let index = 0; index < seeds.length; index++) {
    const mixed = mixHash(hash ^ seeds[index]!) ^ 0x80000000
    if (mixed <= most) continue
    best = index
    most = mixed
  }
  return best
}

function cheapest({ seeds, shares }: Groups, hash: number): number {
  let best = 0
  let least = Infinity
  for (let index = 0; index < seeds.length; index++) {
    const cost = minusLog(mixHash(hash ^ seeds[index]!)) * shares[index]!
    if (cost >= least) continue
    best = index
    least = cost
  }
  return best
}

/** Each server is in the group that its address says, whoever else there is. */
function groupUp(seeds: Int32Array, weights: readonly number[]): Groups {
  const outer = split(Array.from(seeds.keys()), (position) => seeds[position]! & (FAN_OUT - 1))
  return groupsOf(outer, weights, (members) => {
    const inner = split(members, (position) => (seeds[position]! >>> 8) & (FAN_OUT - 1))
    return groupsOf(inner, weights, (positions) => serversOf(positions, seeds, weights))
  })
}

function serversOf(positions: readonly number[], seeds: Int32Array, weights: readonly number[]): Groups {
  const shares = Float64Array.from(positions, (position) => 1 / weights[position]!)
  return {
    seeds: Int32Array.from(positions, (position) => seeds[position]!),
    shares,
    equal: shares.every((share) => share === shares[0]),
    inner: [],
    positions: Int32Array.from(positions),
  }
}

function groupsOf(
  groups: readonly (readonly [number, readonly number[]])[],
  weights: readonly number[],
  inside: (members: readonly number[]) => Groups,
): Groups {
  const shares = Float64Array.from(groups, ([, members]) => 1 / members.reduce((sum, one) => sum + weights[one]!, 0))
  return {
    seeds: Int32Array.from(groups, ([number]) => mixHash(number + 1)),
    shares,
    equal: shares.every((share) => share === shares[0]),
    inner: groups.map(([, members]) => inside(members)),
    positions: new Int32Array(0),
  }
}

/** Who is in which group, in the order of the groups. */
function split(positions: readonly number[], groupOf: (position: number) => number): [number, number[]][] {
  const groups = new Map<number, number[]>()
  for (const position of positions) {
    const number = groupOf(position)
    const members = groups.get(number)
    if (members === undefined) groups.set(number, [position])
    else members.push(position)
  }
  return [...groups].sort(([a], [b]) => a - b)
}
