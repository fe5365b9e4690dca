// Random numbers that a seed repeats, for strategies, jitter and tests. Not for secrets.

/**
 * Makes a source of numbers uniform in [0, 1); the same seed, any 32-bit whole number, gives the same numbers.
 * The generator is sfc32 of Chris Doty-Humphrey's PractRand (public domain), with the seeding and warm-up given there.
 */
export function seededRandom(seed: number): () => number {
  let a = 0
  let b = seed | 0
  let c = 0
  let counter = 1

  function next(): number {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }

  for (let round = 0; round < 12; round++) next()
  return next
}
