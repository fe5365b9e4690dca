// Numbers as the reports show them.

/** Three significant digits, in the unit that suits: `9.41 ms`, `1.25 s`. */
export function millis(value: number): string {
  if (value === 0) return '-'
  if (value >= 1000) return `${rounded(value / 1000)} s`
  if (value < 0.1) return `${rounded(value * 1000)} µs`
  return `${rounded(value)} ms`
}

/** `0`, `0.012 %`, `12.3 %`. */
export function share(value: number): string {
  return value === 0 ? '0' : `${rounded(value * 100)} %`
}

/** The same for the ends of axes, which are round numbers: `10 ms`, `0.5 s`. */
export function roundMillis(value: number): string {
  if (value >= 1000) return `${plain(value / 1000)} s`
  return value < 0.1 ? `${plain(value * 1000)} µs` : `${plain(value)} ms`
}

export function roundShare(value: number): string {
  return `${plain(value * 100)} %`
}

export function factor(value: number): string {
  return value >= 100 ? count(value) : value.toFixed(2)
}

/** A whole number with separators. */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',')
}

function rounded(value: number): string {
  if (value >= 100) return count(value)
  return value >= 10 ? value.toFixed(1) : value.toPrecision(3)
}

function plain(value: number): string {
  return String(Number(value.toPrecision(6)))
}
