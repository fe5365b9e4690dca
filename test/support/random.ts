// Random bytes that can be had again: the same seed gives the same bytes.
import { createCipheriv, createHash, randomInt } from 'node:crypto'

/** A fresh seed, shown with the test's result. */
export function newSeed(test: { diagnostic(message: string): void }): number {
  const seed = randomInt(2 ** 31)
  test.diagnostic(`seed ${seed}`)
  return seed
}

export function bytesFrom(seed: number, size: number): Buffer {
  const key = createHash('sha256').update(`${seed}`).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size))
}

/** Uniform in [0, 1). */
export function numbersFrom(seed: number): () => number {
  const bytes = bytesFrom(seed, 4 * 65_536)
  let at = 0
  return () => bytes.readUInt32LE((at++ % 65_536) * 4) / 2 ** 32
}

export function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
