// What went wrong in the soak. A server that is killed takes what it was at work on with it, so for a moment after that
// clients may be told so; what they read must be right at all times.

/** For how long after a kill clients may still hear of it, in milliseconds. */
const AFTERMATH = 3000
const MOST_TEXTS = 30

export class Ledger {
  /** The first breaches, for people. */
  readonly texts: string[] = []
  breaches = 0
  /** Requests that failed because their server was killed. */
  excused = 0
  kills = 0
  private killedAt = Number.NEGATIVE_INFINITY

  killed(): void {
    this.kills++
    this.killedAt = Date.now()
  }

  /** Whether what was seen at `time` (ms since 1970) may be the doing of a kill. */
  inAftermath(time: number): boolean {
    return time >= this.killedAt && time <= this.killedAt + AFTERMATH
  }

  breach(text: string): void {
    this.breaches++
    if (this.texts.length < MOST_TEXTS) this.texts.push(text)
  }

  /** A request did not go as it should have. */
  complain(text: string): void {
    if (this.inAftermath(Date.now())) this.excused++
    else this.breach(text)
  }
}
