// Bounds retries to a share of the requests of the last ten seconds, so that a retry storm cannot grow, with a floor so
// that quiet times may retry too. After Finagle's RetryBudget; the window is ten buckets of one second.

const WINDOW_SECONDS = 10

export class RetryBudget {
  private readonly requests = new Float64Array(WINDOW_SECONDS)
  private readonly retries = new Float64Array(WINDOW_SECONDS)
  private requestSum = 0
  private retrySum = 0
  private second = 0
  private readonly ratio: number
  private readonly floor: number

  /** `ratio` of requests may be retries, and always `minPerSecond`. */
  constructor(ratio: number, minPerSecond: number) {
    this.ratio = ratio
    this.floor = minPerSecond * WINDOW_SECONDS
  }

  /** Counts a request. `now` in milliseconds, monotonic. */
  request(now: number): void {
    this.turnTo(now)
    this.requests[this.second % WINDOW_SECONDS]!++
    this.requestSum++
  }

  /** Takes one retry out of the budget; false when it is used up. */
  withdraw(now: number): boolean {
    this.turnTo(now)
    if (this.retrySum + 1 > Math.max(this.floor, this.ratio * this.requestSum)) return false
    this.retries[this.second % WINDOW_SECONDS]!++
    this.retrySum++
    return true
  }

  private turnTo(now: number): void {
    const second = Math.floor(now / 1000)
    if (second === this.second) return
    const gone = Math.min(second - this.second, WINDOW_SECONDS)
    for (let step = 1; step <= gone; step++) {
      const bucket = (this.second + step) % WINDOW_SECONDS
      this.requestSum -= this.requests[bucket]!
      this.retrySum -= this.retries[bucket]!
      this.requests[bucket] = 0
      this.retries[bucket] = 0
    }
    this.second = second
  }
}
