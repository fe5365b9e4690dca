// How long a request takes to serve, or the next one to come: distributions by name, in milliseconds, and the draws.

export type Distribution =
  | { readonly kind: 'fixed'; readonly mean: number }
  | { readonly kind: 'exponential'; readonly mean: number }
  /** `sigma` is the deviation of the logarithm: with 1, one in a hundred takes six times the mean. */
  | { readonly kind: 'lognormal'; readonly mean: number; readonly sigma: number }
  /** `alpha` is the exponent of the tail: the smaller, the heavier; above 1, or there is no mean. */
  | { readonly kind: 'pareto'; readonly mean: number; readonly alpha: number }
  /** A share of them take so many times as long as the others. */
  | { readonly kind: 'bimodal'; readonly mean: number; readonly share: number; readonly factor: number }

export const DISTRIBUTIONS = ['fixed', 'exponential', 'lognormal', 'pareto', 'bimodal'] as const

/** Makes a source of draws. */
export function drawsOf(distribution: Distribution, random: () => number): () => number {
  const { mean } = distribution
  switch (distribution.kind) {
    case 'fixed':
      return () => mean
    case 'exponential':
      return () => exponential(mean, random)
    case 'lognormal': {
      const { sigma } = distribution
      // The mean of a lognormal is e^(mu + sigma²/2).
      const mu = Math.log(mean) - (sigma * sigma) / 2
      const normal = normals(random)
      return () => Math.exp(mu + sigma * normal())
    }
    case 'pareto': {
      const { alpha } = distribution
      const least = (mean * (alpha - 1)) / alpha
      return () => least * (1 - random()) ** (-1 / alpha)
    }
    case 'bimodal': {
      const { share, factor } = distribution
      const short = mean / (1 - share + share * factor)
      return () => (random() < share ? short * factor : short)
    }
  }
}

/** A draw of the exponential distribution; `random` never returns 1, so there is no logarithm of 0. */
export function exponential(mean: number, random: () => number): number {
  return -mean * Math.log(1 - random())
}

/** Draws of the standard normal distribution, two at a time, by the polar method of Marsaglia and Bray (1964). */
function normals(random: () => number): () => number {
  let spare = Number.NaN
  return () => {
    if (!Number.isNaN(spare)) {
      const kept = spare
      spare = Number.NaN
      return kept
    }
    for (;;) {
      const x = 2 * random() - 1
      const y = 2 * random() - 1
      const square = x * x + y * y
      if (square === 0 || square >= 1) continue
      const scale = Math.sqrt((-2 * Math.log(square)) / square)
      spare = y * scale
      return x * scale
    }
  }
}
