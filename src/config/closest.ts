// "Did you mean …?": the known word that a misspelt one was most likely meant to be.

/** The closest of the known words, or null when none is close. Case, hyphens and underscores do not count. */
export function closest(word: string, known: readonly string[]): string | null {
  const plainWord = plain(word)
  const limit = Math.max(1, Math.floor(plainWord.length / 3))
  let best: string | null = null
  let bestDistance = limit + 1
  for (const candidate of known) {
    const distance = distanceOf(plainWord, plain(candidate), bestDistance)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** `did you mean "port"?` or, when nothing is close, `known are "port", "strategy"`. */
export function suggest(word: string, known: readonly string[]): string {
  const match = closest(word, known)
  if (match !== null) return `did you mean "${match}"?`
  if (known.length === 0) return ''
  return `known ${known.length === 1 ? 'is' : 'are'} ${known.map((name) => `"${name}"`).join(', ')}`
}

function plain(word: string): string {
  return word
    .slice(0, 100)
    .toLowerCase()
    .replace(/[-_\s]/g, '')
}

/** A word that only ends earlier or later than the other is close to it: `warning` and `warn`. */
function distanceOf(a: string, b: string, limit: number): number {
  const isPart = Math.min(a.length, b.length) >= 3 && (a.startsWith(b) || b.startsWith(a))
  return isPart ? Math.min(a.length === b.length ? 0 : 1, limit) : editDistance(a, b, limit)
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment); `limit` when not less. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replaced = last[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1)
      let cost = Math.min(replaced, last[column]! + 1, current[column - 1]! + 1)
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (isSwap) cost = Math.min(cost, beforeLast[column - 2]! + 1)
      current.push(cost)
    }
    beforeLast = last
    last = current
  }
  return Math.min(last[b.length]!, limit)
}
