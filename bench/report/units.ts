// Numbers for people.

const NONE = '–'

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-GB')
}

/** From microseconds. */
export function latency(value: number): string {
  return value < 1000 ? `${Math.round(value)} µs` : `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} ms`
}

/** From microseconds. */
export function cpu(value: number | null): string {
  return value === null ? NONE : value.toFixed(value < 100 ? 1 : 0)
}

export function ratio(value: number | null): string {
  return value === null ? NONE : value.toFixed(2)
}

/** From a share of 1. */
export function percent(value: number | null): string {
  return value === null ? NONE : `${Math.round(value * 100)} %`
}

/** From bytes. */
export function mebibytes(value: number | null): string {
  return value === null ? NONE : `${Math.round(value / 1024 / 1024)} MiB`
}
