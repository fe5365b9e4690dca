// Whether a request may be sent again, and after what wait: the rules of docs/retries.md, without sockets or clocks. The
// proxy asks for real exchanges, the laboratory for simulated ones. Whether there is another server, and whether the
// budget allows it, the caller finds out.
import type { Retries } from '../config/config.ts'
import type { RetryReason } from '../seams/failures.ts'

/** What decides whether a request can be sent once more. */
export interface SentRequest {
  /** Executing it twice does no harm (RFC 9110 section 9.2.2). */
  readonly idempotent: boolean
  /** All that was sent of it is still held. */
  readonly held: boolean
  /** It is held from its first byte to its last. */
  readonly whole: boolean
}

export class RetryPolicy {
  /** Also requests that are not idempotent are sent again. */
  readonly nonIdempotent: boolean
  private readonly attempts: number
  private readonly reasons: ReadonlySet<RetryReason>
  /** By status from 400 on; null when no status is tried again. */
  private readonly statuses: Uint8Array | null
  private readonly base: number
  private readonly max: number
  private readonly patience: number

  constructor(retries: Retries) {
    const on = retries.attempts === 0 ? [] : retries.on
    const ranges = on.filter((condition) => typeof condition !== 'string')
    this.nonIdempotent = retries.non_idempotent
    this.attempts = retries.attempts
    this.reasons = new Set(on.map((condition) => (typeof condition === 'string' ? condition : 'status')))
    this.statuses = ranges.length === 0 ? null : new Uint8Array(200)
    for (const { from, to } of ranges) this.statuses?.fill(1, from - 400, to - 400 + 1)
    this.base = retries.backoff_base
    this.max = retries.backoff_max
    this.patience = retries.retry_after_max
  }

  /** Whether a response with this status is rather thrown away than passed on, if the request can be sent again. */
  listsStatus(status: number): boolean {
    return this.statuses !== null && status >= 400 && status < 600 && this.statuses[status - 400] === 1
  }

  /** Whether a request may be sent again for this reason. `retries`: how often that was done before. */
  allows(reason: RetryReason, request: SentRequest, retries: number): boolean {
    if (retries >= this.attempts || !this.reasons.has(reason)) return false
    switch (reason) {
      case 'connect_failure': // Nothing has reached a server.
        return request.held
      case 'reset':
        return request.held && (request.idempotent || this.nonIdempotent)
      case 'timeout':
      case 'status':
        return request.whole && (request.idempotent || this.nonIdempotent)
    }
  }

  /**
   * Milliseconds to wait before a retry: full jitter, at random from 0 to a bound that doubles ("Exponential Backoff And
   * Jitter", Amazon 2015). A first retry after a connection that failed does not wait: it goes to another server, which
   * the failure says nothing about. `random` is in [0, 1).
   */
  wait(reason: RetryReason, retries: number, random: number): number {
    if (retries === 0 && (reason === 'connect_failure' || reason === 'reset')) return 0
    return random * Math.min(this.max, this.base * 2 ** retries)
  }

  /** Whether so many milliseconds of a Retry-After are waited for. */
  accepts(retryAfter: number): boolean {
    return retryAfter <= this.patience
  }
}

/**
 * Milliseconds that a Retry-After field asks to wait (RFC 9110 section 10.2.3): seconds or a date. 0 when there is none or it
 * makes no sense. `now` in milliseconds since 1970.
 */
export function retryAfterMillis(value: string, now: number): number {
  if (/^\d{1,10}$/.test(value)) return Number(value) * 1000
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(value)) return 0
  const date = Date.parse(value)
  return Number.isNaN(date) ? 0 : Math.max(0, date - now)
}
