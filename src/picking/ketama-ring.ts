// Consistent hashing on a ring (Karger et al., STOC 1997), with the points of libketama (R. Jones, Last.fm, 2007): of each
// server, and of each number k from 0 on, the MD5 of `host:port-k` gives four points, lowest byte first; a key belongs to the
// first point that is not before the first four bytes of its own MD5. A server of mean weight has 160 points, the others in
// proportion (libketama: 4 × floor(40 × servers × weight / sum of weights)). What other programs place by libketama's rule
// goes to the same servers here. nginx has the same number of points, but takes them from CRC-32.
import { Md5 } from '../base/md5.ts'
import type { PickableServers } from '../seams/strategy.ts'
import type { Placement } from './placement.ts'
import { sharesOf } from './weights.ts'

/** Digests of a server of mean weight; each gives four points. */
const DIGESTS = 40
const POINTS_PER_DIGEST = 4
/** Points on the whole ring: beyond, each server has fewer. It bounds the memory (some 2 MiB) and the time to build. */
const MOST_POINTS = 2 ** 18
/** For sorting a point goes together with its server into one number that is still exact. */
const POSITIONS = 2 ** 20

export class KetamaRing implements Placement {
  private readonly md5 = new Md5()
  /** The points in order, and the position of the server that each belongs to. */
  private readonly points: Uint32Array
  private readonly positions: Uint32Array
  /** The index at the beginning of each of equal parts of the ring, so that a search begins near its end. */
  private readonly guide: Uint32Array
  private readonly guideShift: number
  private start = 0

  constructor(servers: PickableServers) {
    const digests = digestsOf(servers)
    const sorted = this.place(servers, digests)
    this.points = Uint32Array.from(sorted, (both) => both / POSITIONS)
    this.positions = Uint32Array.from(sorted, (both) => both % POSITIONS)
    const bits = Math.max(1, 31 - Math.clz32(sorted.length))
    this.guideShift = 32 - bits
    this.guide = new Uint32Array(2 ** bits)
    let index = 0
    for (let part = 0; part < this.guide.length; part++) {
      while (index < this.points.length && this.points[index]! < part * 2 ** this.guideShift) index++
      this.guide[part] = index
    }
  }

  hash(key: string): number {
    return this.md5.digest(key)
  }

  /** The next points round the ring. */
  at(hash: number, rank: number): number {
    if (rank === 0) this.start = this.find(hash >>> 0)
    return this.positions[(this.start + rank) % this.positions.length]!
  }

  /** The index of the first point that is not before `hash`; behind the last one comes the first. */
  private find(hash: number): number {
    const { points } = this
    let index = this.guide[hash >>> this.guideShift]!
    while (index < points.length && points[index]! < hash) index++
    return index === points.length ? 0 : index
  }

  /** Points and positions in one number each, in order. Of equal points the one of the earlier server comes first. */
  private place(servers: PickableServers, digests: readonly number[]): Float64Array {
    const { md5 } = this
    const all = new Float64Array(POINTS_PER_DIGEST * digests.reduce((sum, count) => sum + count, 0))
    let next = 0
    for (const [position, count] of digests.entries()) {
      const address = servers.address(position)
      for (let k = 0; k < count; k++) {
        md5.digest(`${address}-${k}`)
        for (const word of md5.words) all[next++] = (word >>> 0) * POSITIONS + position
      }
    }
    return all.sort()
  }
}

function digestsOf(servers: PickableServers): number[] {
  const budget = Math.min(DIGESTS * servers.count, MOST_POINTS / POINTS_PER_DIGEST)
  // A hair more than the product, which would else fall below a whole number that it is meant to be.
  return Array.from(sharesOf(servers), (share) => Math.max(1, Math.floor(share * budget + 1e-6)))
}
