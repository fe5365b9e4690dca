// From what servers can take by their own load reports to weight factors. The strongest server would be the measure of all
// the others, if it told the truth; so nobody counts for more than twice the (lower) median: a server that lies gets at
// most twice as much as an honest one, and never more than by its configured weight.

const MOST_TIMES_MEDIAN = 2

/** `weights` are requests a second per unit of configured weight, 0 where a server has not told. The factors are at most 1. */
export function loadFactors(weights: readonly number[]): number[] {
  const told = weights.filter((weight) => weight > 0).sort((one, other) => one - other)
  // One alone cannot be compared.
  if (told.length < 2) return weights.map(() => 1)
  const median = told[Math.floor((told.length - 1) / 2)]!
  const measure = Math.min(told.at(-1)!, MOST_TIMES_MEDIAN * median)
  // The ones that have not told are taken for like the others.
  return weights.map((weight) => Math.min(1, (weight > 0 ? weight : median) / measure))
}
