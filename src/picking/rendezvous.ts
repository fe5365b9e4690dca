// Rendezvous hashing (Thaler and Ravishankar 1998): each server has a score for each key, and the highest wins. With weights
// the score is −weight / ln(hash), which gives each server exactly its share, whatever the other weights are (Schindelhauer and
// Schomaker 2005). When a server leaves only its own keys move, and they spread over all others.
//
// That looks at every server. Among many the key chooses among groups first, the weight of a group being that of its members,
// then among groups of these, and then among a few servers: three times a few scores. The price is that a server that leaves
// makes its groups lighter, so that up to three times as many keys move as must.
import { hashText, mixHash } from '../base/text-hash.ts'
import type { PickableServers } from '../seams/strategy.ts'
import type { Placement } from './placement.ts'
import { weightsOf } from './weights.ts'

/** Up to so many servers every one is looked at. */
const FLAT_UP_TO = 64
/** Groups within the whole, and within a group. */
const FAN_OUT = 32

export class Rendezvous implements Placement {
  /** Every server is looked at, and moves are as few as can be. */
  readonly flat: boolean
  private readonly shares: Float64Array
  private readonly equal: boolean
  private readonly seeds: Int32Array
  private readonly groups: Groups | null
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
    this.shares = Float64Array.from(weights, (weight) => 1 / weight)
    this.equal = weights.every((weight) => weight === weights[0])
    this.seeds = Int32Array.from({ length: count }, (_, position) => hashText(servers.address(position)))
    this.given = new Int32Array(this.flat ? count : 0)
    this.groups = this.flat ? null : groupUp(this.seeds, weights)
  }

  hash(key: string): number {
    return hashText(key)
  }

  at(hash: number, rank: number): number {
    if (this.flat) return this.best(hash, rank)
    // Further choices are the first ones of other hashes.
    const own = rank === 0 ? hash : mixHash(hash + Math.imul(rank, 0x9e3779b9))
    const outer = this.groups!.inner[winner(this.groups!, own)]!
    const inner = outer.inner[winner(outer, mixHash(own ^ 0x27d4eb2f))]!
    return inner.positions[winner(inner, mixHash(own ^ 0x165667b1))]!
  }

  private best(hash: number, rank: number): number {
    if (rank === 0) this.round = (this.round + 1) | 0
    const { given, round, seeds, shares, equal } = this
    let best = 0
    let least = Infinity
    for (let position = 0; position < seeds.length; position++) {
      if (given[position] === round) continue
      const mixed = mixHash(hash ^ seeds[position]!)
      const cost = equal ? -(mixed >>> 0) : costBelow(least, mixed, shares[position]!)
      if (cost >= least) continue
      best = position
      least = cost
    }
    given[best] = round
    return best
  }
}

/** Groups of groups or of servers, by their number in the arrays. */
interface Groups {
  readonly seeds: Int32Array
  /** One divided by the weight. */
  readonly shares: Float64Array
  /** Empty where there are servers. */
  readonly inner: readonly Groups[]
  readonly positions: Int32Array
}

/** The number with the highest −weight / ln(hash), which is the lowest −ln(hash) / weight. */
function winner({ seeds, shares }: Groups, hash: number): number {
  let best = 0
  let least = Infinity
  for (let index = 0; index < seeds.length; index++) {
    const cost = costBelow(least, mixHash(hash ^ seeds[index]!), shares[index]!)
    if (cost >= least) continue
    best = index
    least = cost
  }
  return best
}

/**
 * −ln of a hash as a number between 0 and 1, times `share`; Infinity where it is clear that this is not below `least`: −ln u is
 * at least 1 − u, which settles all but a few without a logarithm.
 */
function costBelow(least: number, hash: number, share: number): number {
  const u = ((hash >>> 0) + 0.5) / 2 ** 32
  return (1 - u) * share < least ? -Math.log(u) * share : Infinity
}

/** Each server is in the group that its address says, whoever else there is. */
function groupUp(seeds: Int32Array, weights: readonly number[]): Groups {
  const outer = split(Array.from(seeds.keys()), (position) => seeds[position]! & (FAN_OUT - 1))
  return groupsOf(outer, weights, (members) => {
    const inner = split(members, (position) => (seeds[position]! >>> 8) & (FAN_OUT - 1))
    return groupsOf(inner, weights, (positions) => ({
      seeds: Int32Array.from(positions, (position) => seeds[position]!),
      shares: Float64Array.from(positions, (position) => 1 / weights[position]!),
      inner: [],
      positions: Int32Array.from(positions),
    }))
  })
}

function groupsOf(
  groups: readonly (readonly [number, readonly number[]])[],
  weights: readonly number[],
  inside: (members: readonly number[]) => Groups,
): Groups {
  return {
    seeds: Int32Array.from(groups, ([number]) => mixHash(number + 1)),
    shares: Float64Array.from(groups, ([, members]) => 1 / members.reduce((sum, member) => sum + weights[member]!, 0)),
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
