// Taking turns by weight: an endless sequence in which each entry turns up as often as its weight says, spread evenly.
// Whoever holds the number of a step knows whose turn it is, so a single shared counter is all the state there is.
import { GoldenSequence } from './golden-sequence.ts'
import { SmoothSequence } from './smooth-sequence.ts'

/** Entries are numbered from 0; steps are whole numbers, of which the lowest 32 bits count. */
export interface WeightedSequence {
  /** After this many steps all begins anew, each entry having had its share: a step drawn at random is one by weight. */
  readonly length: number
  /** The entry whose turn the step is. */
  at(step: number): number
  /** How far away the next turn of an entry is: 0 when the step is its own, and the smaller the sooner. */
  distance(entry: number, step: number): number
  /** The step to go on from when `entry` has had its next turn. */
  stepAfter(entry: number, step: number): number
}

/** Rounds up to this length are laid out in full; it bounds the memory (256 KiB) and the time to build (some 10 ms). */
const LONGEST_ROUND = 32_768

/** Makes the sequence for these weights, which are whole numbers of at least 1. */
export function weightedSequence(weights: readonly number[]): WeightedSequence {
  const divisor = weights.reduce(greatestCommonDivisor, 0)
  const reduced = weights.map((weight) => weight / divisor)
  const round = reduced.reduce((sum, weight) => sum + weight, 0)
  const fits = round <= Math.max(LONGEST_ROUND, weights.length)
  return fits ? new SmoothSequence(reduced) : new GoldenSequence(reduced)
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) {
    const rest = a % b
    a = b
    b = rest
  }
  return a
}
