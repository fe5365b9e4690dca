// e to the power of minus something, from a table and straight lines between its entries: a fraction of the time of Math.exp, which
// every estimate that grows old would else take at every look. Within 1 of 8000; from 16 on it is 0.

const PER_ONE = 32
const MOST = 16
const TABLE = Float64Array.from({ length: MOST * PER_ONE + 2 }, (_, part) =>
  part < MOST * PER_ONE ? Math.exp(-part / PER_ONE) : 0,
)

/** What is left of 1 after `age`, which is at least 0 and counts in the times in which 37 % is left. */
export function fading(age: number): number {
  if (!(age < MOST)) return 0
  const exact = age * PER_ONE
  const part = exact | 0
  const from = TABLE[part]!
  return from + (TABLE[part + 1]! - from) * (exact - part)
}
