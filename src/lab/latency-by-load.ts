// What a server knows of its own latency: how long requests took that came when it had about so many. A probe is told what
// a request that comes now has to expect, as the servers of Prequal do (Wydrowski et al., NSDI 2024, section 4).

const BUCKETS = 64
/** Weight of a new value. */
const SHARE = 0.1

export class LatencyByLoad {
  /** By load; NaN where there was nothing yet. */
  private readonly millis = new Float64Array(BUCKETS).fill(Number.NaN)

  /** A request took so long that found `load` others here when it came. */
  add(load: number, millis: number): void {
    const bucket = bucketOf(load)
    const before = this.millis[bucket]!
    this.millis[bucket] = Number.isNaN(before) ? millis : before + SHARE * (millis - before)
  }

  /** Milliseconds, from the nearest load that was seen; 0 before there was any. */
  estimate(load: number): number {
    const bucket = bucketOf(load)
    for (let distance = 0; distance < BUCKETS; distance++) {
      const above = this.millis[bucket + distance] ?? Number.NaN
      const below = this.millis[bucket - distance] ?? Number.NaN
      if (!Number.isNaN(above) && !Number.isNaN(below)) return (above + below) / 2
      if (!Number.isNaN(above)) return above
      if (!Number.isNaN(below)) return below
    }
    return 0
  }
}

/** Exact up to 15, then four to each power of two. */
function bucketOf(load: number): number {
  if (load < 16) return load
  const exponent = 31 - Math.clz32(load)
  return Math.min(BUCKETS - 1, (exponent - 4) * 4 + 16 + ((load >>> (exponent - 2)) & 3))
}
