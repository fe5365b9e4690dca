// What the keepers of sick servers have to tell.

interface About {
  readonly upstream: string
  readonly url: string
  readonly slot: number
  /** For people. */
  readonly reason: string
}

/** Times in milliseconds; `repetitions`: how often in a row. */
export type SickEvent =
  | (About & { readonly kind: 'ejected'; readonly millis: number; readonly repetitions: number })
  | (About & { readonly kind: 'returned'; readonly millis: number })
  | (About & { readonly kind: 'breaker_open'; readonly millis: number; readonly repetitions: number })
  | (About & { readonly kind: 'breaker_half_open'; readonly trials: number })
  | (About & { readonly kind: 'breaker_closed' })

export interface SickTools {
  /** Uniform in [0, 1); seedable. */
  readonly random: () => number
  readonly onEvent: (event: SickEvent) => void
}

/** A report of what a worker did is waited for so long, in milliseconds, before it is taken for lost with the worker. */
export const REPORT_MS = 1000
