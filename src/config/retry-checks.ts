// What the keys of `retries` must be to each other, at the top level and with what an upstream changes.
import { Mistake } from './mistake.ts'
import type { Finding, Path } from './problem.ts'
import { type Entries, listOf, objectOf } from './raw-value.ts'
import { DURATION, parseAmount } from './units.ts'

export function checkRetries(file: Entries): Finding[] {
  const top = objectOf(file.retries)
  return [
    ...checkOne(top, top, ['retries']),
    ...Object.entries(objectOf(file.upstreams)).flatMap(([name, upstream]) => {
      const own = objectOf(objectOf(upstream).retries)
      return checkOne(own, { ...top, ...own }, ['upstreams', name, 'retries'])
    }),
  ]
}

/** `own` is what stands at `path`, `effective` what it comes to. */
function checkOne(own: Entries, effective: Entries, path: Path): Finding[] {
  return [...checkStatuses(own, path), ...checkBackoff(own, effective, path), ...checkTimeout(own, effective, path)]
}

function checkStatuses(own: Entries, path: Path): Finding[] {
  return listOf(own.on).flatMap((condition, index): Finding[] => {
    const least = typeof condition === 'number' ? condition : /^[1-3]/.test(String(condition)) ? 100 : 400
    if (least >= 400 || least < 100) return []
    const message = 'only error statuses can be tried again'
    return [{ path: [...path, 'on', index], at: 'value', message, hint: 'they are from 400 to 599' }]
  })
}

function checkBackoff(own: Entries, effective: Entries, path: Path): Finding[] {
  const key = own.backoff_base === undefined ? 'backoff_max' : 'backoff_base'
  if (own[key] === undefined) return []
  const base = millis(effective.backoff_base ?? '25ms')
  const max = millis(effective.backoff_max ?? '250ms')
  if (base <= max) return []
  const message = 'the first wait before a retry would be longer than the longest one'
  return [{ path: [...path, key], at: 'value', message, hint: 'keep `backoff_base` at or below `backoff_max`' }]
}

function checkTimeout(own: Entries, effective: Entries, path: Path): Finding[] {
  const { per_try_timeout, on } = own
  if (typeof per_try_timeout !== 'string' || per_try_timeout === 'off') return []
  if (effective.attempts === 0 || listOf(effective.on).includes('timeout')) return []
  // A wrong `on` has a problem of its own.
  if (on !== undefined && !Array.isArray(on)) return []
  const message = 'ends an attempt, but `on` does not say that another one follows'
  return [{ path: [...path, 'per_try_timeout'], at: 'key', message, hint: 'add "timeout" to `on`' }]
}

/** NaN for what is no duration, which has a problem of its own. */
function millis(value: unknown): number {
  if (typeof value !== 'string') return Number.NaN
  const amount = parseAmount(DURATION, { min: 1, max: Number.MAX_SAFE_INTEGER, off: true }, value)
  return amount instanceof Mistake ? Number.NaN : amount
}
