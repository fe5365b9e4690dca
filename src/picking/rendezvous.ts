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
  private readonly weights: Float64Array
  private readonly equal: boolean
  private readonly seeds: Int32Array
  private readonly groups: readonly Group[]
  /** The `rank`s of the present hash that were given out; for flat ones. */
  private readonly given: Uint32Array
  private round = 0

  /**
   * Once in groups, it stays so until there are half as many: going over from one to the other moves nearly all keys, and
   * one server that goes down and up must not do that.
   */
  constructor(servers: PickableServers, before: Rendezvous | undefined) {
    const { count } = servers
    this.flat = count <= (before?.flat === false ? FLAT_UP_TO / 2 : FLAT_UP_TO)
    this.weights = Float64Array.from(weightsOf(servers))
    this.equal = this.weights.every((weight) => weight === this.weights[0])
    this.seeds = Int32Array.from({ length: count }, (_, position) => hashText(servers.address(position)))
    this.given = new Uint32Array(this.flat ? count : 0)
    this.groups = this.flat ? [] : groupUp(this.seeds, this.weights)
  }

  hash(key: string): number {
    return hashText(key)
  }

  at(hash: number, rank: number): number {
    if (this.flat) return this.best(hash, rank)
    // Further choices are the first ones of other hashes.
    const own = rank === 0 ? hash : mixHash(hash + Math.imul(rank, 0x9e3779b9))
    const outer = winner(this.groups, own)
    const { entries, seeds, weights } = winner(outer.groups, mixHash(own ^ 0x27d4eb2f))
    return entries[highest(seeds, weights, mixHash(own ^ 0x165667b1))]!
  }

  private best(hash: number, rank: number): number {
    if (rank === 0) this.round = (this.round + 1) >>> 0
    const { given, round, seeds, weights, equal } = this
    let best = 0
    let bestScore = -1
    for (let position = 0; position < seeds.length; position++) {
      if (given[position] === round) continue
      const mixed = mixHash(hash ^ seeds[position]!)
      const score = equal ? mixed : scoreOf(mixed, weights[position]!)
      if (score <= bestScore) continue
      best = position
      bestScore = score
    }
    given[best] = round
    return best
  }
}

/** A group of groups, or of servers. */
interface Group {
  readonly seed: number
  readonly weight: number
  readonly groups: readonly Group[]
  /** Positions, and what is compared of each. */
  readonly entries: Uint32Array
  readonly seeds: Int32Array
  readonly weights: Float64Array
}

function scoreOf(mixed: number, weight: number): number {
  return -weight / Math.log((mixed + 0.5) / 2 ** 32)
}

function highest(seeds: Int32Array, weights: Float64Array, hash: number): number {
  let best = 0
  let bestScore = -1
  for (let index = 0; index < seeds.length; index++) {
    const score = scoreOf(mixHash(hash ^ seeds[index]!), weights[index]!)
    if (score <= bestScore) continue
    best = index
    bestScore = score
  }
  return best
}

function winner(groups: readonly Group[], hash: number): Group {
  let best = groups[0]!
  let bestScore = -1
  for (let index = 0; index < groups.length; index++) {
    const group = groups[index]!
    const score = scoreOf(mixHash(hash ^ group.seed), group.weight)
    if (score <= bestScore) continue
    best = group
    bestScore = score
  }
  return best
}

/** Each server is in the group that its address says, whoever else there is. */
function groupUp(seeds: Int32Array, weights: Float64Array): Group[] {
  const positions = Array.from(seeds.keys())
  return split(positions, (position) => seeds[position]! & (FAN_OUT - 1)).map(([number, members]) => {
    const inner = split(members, (position) => (seeds[position]! >>> 8) & (FAN_OUT - 1)).map(([index, entries]) =>
      makeGroup(index, entries, [], seeds, weights),
    )
    return makeGroup(number, members, inner, seeds, weights)
  })
}

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

function makeGroup(
  number: number,
  members: readonly number[],
  groups: readonly Group[],
  seeds: Int32Array,
  weights: Float64Array,
): Group {
  return {
    seed: mixHash(number + 1) | 0,
    weight: members.reduce((sum, position) => sum + weights[position]!, 0),
    groups,
    entries: Uint32Array.from(members),
    seeds: Int32Array.from(members, (position) => seeds[position]!),
    weights: Float64Array.from(members, (position) => weights[position]!),
  }
}
