// The bytes of every body in the soak: a stretch of one pattern that clients and servers both know, so that whoever
// reads can check each byte, and a body that was mixed with another one shows at once.
import { bytesFrom } from '../support/random.ts'

/** Stretches begin below this and are at most as long. */
export const SPAN = 4 * 1024 * 1024

const half = bytesFrom(1, SPAN)
const pattern = Buffer.concat([half, half])

export interface Stretch {
  readonly offset: number
  readonly size: number
}

export function bytesOf({ offset, size }: Stretch): Buffer {
  return pattern.subarray(offset, offset + size)
}

export function randomStretch(random: () => number, least: number, most: number): Stretch {
  return { offset: Math.floor(random() * SPAN), size: Math.floor(least + random() * (most - least)) }
}
