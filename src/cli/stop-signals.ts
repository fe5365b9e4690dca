// SIGINT and SIGTERM: the first asks for a graceful end, a second one ends the process at once.
// npm passes the terminal's Ctrl+C on to us although we got it from the terminal as well, so that one press arrives
// twice within milliseconds; a signal that comes so soon after the first counts as the same press.
import { constants } from 'node:os'
import { shutdownForced } from '../observe/lines.ts'

const SAME_PRESS_MILLIS = 400

export type StopSignal = 'SIGINT' | 'SIGTERM'

/** Resolves at the first signal. From now on signals no longer end the process by themselves. */
export function firstStopSignal(now: () => number = () => performance.now()): Promise<StopSignal> {
  return new Promise((resolve) => {
    let first: number | null = null
    function onSignal(signal: StopSignal): void {
      if (first === null) {
        first = now()
        resolve(signal)
      } else if (now() - first > SAME_PRESS_MILLIS) {
        console.error(`octoload: ${shutdownForced(signal).message}`)
        process.exit(128 + constants.signals[signal])
      }
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  })
}
