// The time that the health monitor lives by; tests give it one of their own.

export interface MonitorClock {
  /** Milliseconds that never go back. */
  now(): number
  /** Calls `run` once after `millis`; the function it returns calls that off. */
  after(millis: number, run: () => void): () => void
}

/** Node's timers fire at once when they are set beyond this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Its timers keep no process alive. */
export const systemClock: MonitorClock = {
  now: () => performance.now(),
  after(millis, run) {
    const timer = setTimeout(run, Math.min(millis, LONGEST_TIMER_MS)).unref()
    return () => clearTimeout(timer)
  },
}
