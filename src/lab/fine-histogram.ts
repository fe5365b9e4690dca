// Durations in buckets fine enough for a p99.9 to compare: 64 to each power of two of a microsecond, so that a value is
// known within 0.8 %. The product's own (shared/histogram.ts) has eight, which is enough to watch a service by.

const PARTS_BITS = 6
const PARTS = 1 << PARTS_BITS
/** 2^36 µs are 19 hours. */
const BUCKETS = PARTS * (36 - PARTS_BITS + 2)

export class FineHistogram {
  readonly counts = new Float64Array(BUCKETS)
  count = 0
  sum = 0
  max = 0

  add(millis: number): void {
    this.counts[bucketOf(millis * 1000)]!++
    this.count++
    this.sum += millis
    if (millis > this.max) this.max = millis
  }

  /** Milliseconds; 0 when nothing was added. */
  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count
  }

  /** The duration below which the share `q` of all lies, in milliseconds; within a bucket they are taken to lie evenly. */
  quantile(q: number): number {
    let rest = q * this.count
    if (this.count === 0) return 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = this.counts[bucket]!
      if (count > 0 && count >= rest) {
        const low = lowerBound(bucket)
        const within = low + (Math.max(0, rest) / count) * (lowerBound(bucket + 1) - low)
        return Math.min(within / 1000, this.max)
      }
      rest -= count
    }
    return this.max
  }
}

function bucketOf(micros: number): number {
  if (micros < PARTS) return micros > 0 ? Math.floor(micros) : 0
  const exponent = Math.floor(Math.log2(micros))
  const part = Math.floor((micros / 2 ** exponent - 1) * PARTS)
  const bucket = (exponent - PARTS_BITS + 1) * PARTS + part
  return bucket < BUCKETS ? bucket : BUCKETS - 1
}

/** In microseconds. */
function lowerBound(bucket: number): number {
  if (bucket < PARTS) return bucket
  const exponent = Math.floor(bucket / PARTS) + PARTS_BITS - 1
  return 2 ** exponent * (1 + (bucket % PARTS) / PARTS)
}
