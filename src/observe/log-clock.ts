// The time at the start of a line. A text line shows whole seconds, so its start is made once a second and kept;
// reading the system clock is left to whoever knows when it matters (`LineBatch`: once for each batch).
import { inColour } from './log-colour.ts'

export class LogClock {
  /** `load-balancer: 2025/09/30 18:53:47 `, as of the last `refresh`. */
  prefix = ''
  /** The second that `prefix` shows, since 1970; text made with `prefix` may be kept while this stays the same. */
  second = Number.NaN
  /** The time as JSON lines carry it, `2025-09-30T18:53:47.123Z`, as of the last `readMillis`. */
  iso = ''
  private readonly colour: boolean
  private readonly now: () => number
  private isoMillis = Number.NaN

  /** `now` answers milliseconds since 1970. */
  constructor(colour = false, now: () => number = Date.now) {
    this.colour = colour
    this.now = now
    this.refresh()
  }

  refresh(): void {
    const second = Math.floor(this.now() / 1000)
    if (second === this.second) return
    this.second = second
    const name = inColour(this.colour, 'cyan', 'load-balancer:')
    const time = inColour(this.colour, 'dim', localTime(second * 1000))
    this.prefix = `${name} ${time} `
  }

  /** Reads the clock for a JSON line and brings `iso` up to it. */
  readMillis(): number {
    const millis = this.now()
    if (millis !== this.isoMillis) {
      this.isoMillis = millis
      this.iso = new Date(millis).toISOString()
    }
    return millis
  }
}

/** Milliseconds since 1970 in the local time zone: `2025/09/30 18:53:47`. */
export function localTime(millis: number): string {
  const date = new Date(millis)
  const day = `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`
}
