// Whether work was shared out by weight.
import assert from 'node:assert/strict'

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Every count is within 2 % of its share, or another part of it. */
export function assertShares(counts: readonly number[], weights: readonly number[], label = '', part = 0.02): void {
  weights.forEach((weight, position) => {
    const expected = (sum(counts) * weight) / sum(weights)
    const off = Math.abs(counts[position]! - expected) / expected
    assert.ok(off <= part, `server ${position}: ${counts[position]} in place of ${expected} picks ${label} (${counts})`)
  })
}
