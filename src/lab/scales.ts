// From values to places on a plot, and the values that its axes name.

export interface Scale {
  readonly place: (value: number) => number
  readonly ticks: readonly { readonly value: number; readonly text: string }[]
}

/** Places from `low` to `high`, equal ratios equally far apart; ticks at 1, 2 and 5, or at powers of ten only. */
export function logScale(values: readonly number[], low: number, high: number, text: (value: number) => string): Scale {
  const positive = values.filter((value) => value > 0)
  const least = positive.length === 0 ? 1 : Math.min(...positive) / 1.1
  const most = positive.length === 0 ? 10 : Math.max(...positive) * 1.1
  const from = Math.log10(least)
  const to = Math.max(Math.log10(most), from + 0.5)
  const steps = to - from > 2.5 ? [1] : [1, 2, 5]
  const ticks: { value: number; text: string }[] = []
  for (let power = Math.floor(from); power <= to; power++) {
    for (const step of steps) {
      const value = step * 10 ** power
      if (Math.log10(value) >= from && Math.log10(value) <= to) ticks.push({ value, text: text(value) })
    }
  }
  const place = (value: number): number =>
    low + ((Math.log10(Math.max(value, 10 ** from)) - from) / (to - from)) * (high - low)
  return { place, ticks }
}

/** Places from `low` to `high` for 0 to `most`. */
export function linearScale(most: number, low: number, high: number, text: (value: number) => string): Scale {
  const step = niceStep(most / 5)
  const ticks = Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, index) => ({
    value: index * step,
    text: text(index * step),
  }))
  return { place: (value) => low + (value / most) * (high - low), ticks }
}

/** Places for shares of exchanges, such that each further nine takes the same room. */
export function ninesScale(most: number, low: number, high: number): Scale {
  const nines = (value: number): number => -Math.log10(1 - value)
  const ticks = [0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999].filter((value) => value <= most)
  return {
    place: (value) => low + (nines(value) / nines(most)) * (high - low),
    ticks: ticks.map((value) => ({ value, text: `${Number((value * 100).toFixed(4))} %` })),
  }
}

/** The next of 1, 2 and 5 times a power of ten. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return ([1, 2, 5].find((step) => step * power >= least) ?? 10) * power
}
