// What one peer costs in terms of another. Rounds take turns, and what the machine does meanwhile meets both peers of a
// round: so the quotients of the rounds differ far less from each other than the rounds do, and their median is the figure.
import type { Measurement } from '../measure.ts'

export interface Paired {
  /** The median of the quotients of the rounds. */
  readonly ratio: number
  /** With 95 % certainty the true median lies between these; null where there are too few rounds to tell. */
  readonly range: readonly [number, number] | null
}

/** CPU per request of `rounds` relative to those of `others`, round by round; null where it is unknown. */
export function pairedRatio(rounds: readonly Measurement[], others: readonly Measurement[]): Paired | null {
  const quotients: number[] = []
  for (const [index, { cpuPerRequest }] of rounds.entries()) {
    const other = others[index]?.cpuPerRequest
    if (cpuPerRequest !== null && other != null && other > 0) quotients.push(cpuPerRequest / other)
  }
  if (quotients.length === 0) return null
  quotients.sort((a, b) => a - b)
  const count = quotients.length
  const middle = count >> 1
  const ratio = count % 2 === 1 ? quotients[middle]! : (quotients[middle - 1]! + quotients[middle]!) / 2
  const outside = outsideRange(count)
  return { ratio, range: outside < 0 ? null : [quotients[outside]!, quotients[count - 1 - outside]!] }
}

/** How many of `count` sorted values may be left out at each end so that the rest holds the median with 95 % certainty; -1: none. */
function outsideRange(count: number): number {
  // Each value is below the median as a coin falls: this sums up the binomial distribution from its end.
  let term = 0.5 ** count
  let sum = term
  let left = -1
  while (2 * sum <= 0.05 && left < count / 2) {
    left++
    term *= (count - left) / (left + 1)
    sum += term
  }
  return left
}

export function pairedText(paired: Paired | null): string {
  if (paired === null) return '–'
  const text = paired.ratio.toFixed(2)
  return paired.range === null ? text : `${text} (${paired.range.map((value) => value.toFixed(2)).join('–')})`
}
