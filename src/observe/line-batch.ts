// Collects the lines of one thread into batches, so that a line costs the appending of a string and no more.
// A batch goes to the sink 100 ms after its first line, or as soon as it holds 96 KiB. Its text lines carry the time at which
// the batch was begun: a second shown is at most 100 ms late. The timer holds no process open: call `flush` before the end.
import type { LogClock } from './log-clock.ts'
import type { LogSink } from './log-format.ts'

export const BATCH_DELAY = 100
/** More, and the text would be a large object to V8, which costs more. */
export const BATCH_SIZE = 96 * 1024

export class LineBatch {
  readonly clock: LogClock
  /** `add` as a sink, for a `Logger` whose lines keep their place among the others of this thread. */
  readonly sink: LogSink
  private readonly target: LogSink
  private text = ''
  private lines = 0
  private armed = false

  constructor(target: LogSink, clock: LogClock) {
    this.clock = clock
    this.target = target
    this.sink = (text, lines) => {
      this.begin()
      this.add(text, lines)
    }
  }

  /** To be called before a line is made: the first one of a batch reads the clock. */
  begin(): void {
    if (this.lines === 0) this.open()
  }

  /** Appends whole lines. */
  add(text: string, lines: number): void {
    this.text += text
    this.lines += lines
    if (this.text.length >= BATCH_SIZE) this.flush()
  }

  /** Hands over what there is. */
  flush(): void {
    if (this.lines === 0) return
    const { text, lines } = this
    this.text = ''
    this.lines = 0
    this.target(text, lines)
  }

  private open(): void {
    this.clock.refresh()
    if (this.armed) return
    this.armed = true
    setTimeout(() => {
      this.armed = false
      this.flush()
    }, BATCH_DELAY).unref()
  }
}
