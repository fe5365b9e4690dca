// What becomes of an exchange that asks to be let in to an upstream.
import { FAILURES, type Failure } from '../seams/failures.ts'

export const VERDICT = {
  /** It has a place in the upstream and one on `Gate.server`. */
  entered: 0,
  /** It is in the queue, as `Gate.waiting`. */
  waits: 1,
  noServer: 2,
  /** The upstream has no place left, and no queue. */
  upstreamFull: 3,
  /** No server has a place left, and there is no queue. */
  serversFull: 4,
  queueFull: 5,
  /** What is left is kept for higher priorities, or one of them has taken its place in the queue. */
  shed: 6,
  /** It has waited too long. */
  timedOut: 7,
} as const
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT]

/** What to tell someone who is turned away. */
export function failureOf(verdict: Verdict): Failure {
  switch (verdict) {
    case VERDICT.noServer:
      return FAILURES.noServer
    case VERDICT.upstreamFull:
      return FAILURES.upstreamFull
    case VERDICT.serversFull:
      return FAILURES.allServersFull
    case VERDICT.shed:
      return FAILURES.loadShed
    case VERDICT.timedOut:
      return FAILURES.queueTimeout
    default:
      return FAILURES.queueFull
  }
}
