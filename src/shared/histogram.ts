// Log-linear buckets for durations in microseconds, as in HdrHistogram: eight buckets to each power of two, so that a
// value is known within 12.5 %. Bounds are exact powers of two where they matter (Prometheus `le`).

export const BUCKETS = 272
const LIMIT = 2 ** 36

/** The bucket of a duration; durations beyond 2^36 µs (19 hours) fall into the last one. */
export function bucketOf(micros: number): number {
  if (!(micros >= 8)) return micros > 0 ? micros | 0 : 0
  if (micros >= 0x1_0000_0000) return micros >= LIMIT ? BUCKETS - 1 : bucketOf(micros / 16) + 32
  const exponent = 31 - Math.clz32(micros)
  return (exponent - 2) * 8 + ((micros >>> (exponent - 3)) & 7)
}

/** The exclusive upper bound of a bucket, in microseconds. */
export function upperBound(bucket: number): number {
  if (bucket < 8) return bucket + 1
  const exponent = Math.floor(bucket / 8) + 2
  return 2 ** (exponent - 3) * (8 + (bucket % 8) + 1)
}

/** How many values are counted. */
export function total(counts: ArrayLike<number>): number {
  let sum = 0
  for (let bucket = 0; bucket < BUCKETS; bucket++) sum += counts[bucket] ?? 0
  return sum
}

/** A duration in microseconds below which at least the share `q` (0 to 1) of all counted values lies; 0 when there are none. */
export function quantile(counts: ArrayLike<number>, q: number): number {
  const all = total(counts)
  if (all === 0) return 0
  let rest = q * all
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const count = counts[bucket] ?? 0
    rest -= count
    if (rest <= 0 && count > 0) return upperBound(bucket)
  }
  return upperBound(BUCKETS - 1)
}
