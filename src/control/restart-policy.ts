// When a worker that died is replaced: at once as good as, then later and later, and no more when it dies again and again.
// Without an end, whatever kills it would be met for ever by new workers, and nobody would be told.

const FIRST_DELAY_MS = 100
const WINDOW_MS = 60_000
/** So many deaths within the window are the last. */
const MOST_DEATHS = 5

export class RestartPolicy {
  /** Times of the deaths within the window, in milliseconds. */
  private deaths: number[] = []

  /** The worker died at `now` (ms, monotonic): milliseconds until the next one, or null when there shall be none. */
  died(now: number): number | null {
    this.deaths = this.deaths.filter((at) => now - at < WINDOW_MS)
    this.deaths.push(now)
    if (this.deaths.length >= MOST_DEATHS) return null
    return FIRST_DELAY_MS * 2 ** (this.deaths.length - 1)
  }
}

/** For people. */
export const GIVEN_UP_AFTER = `${MOST_DEATHS} times within ${WINDOW_MS / 1000} s`
