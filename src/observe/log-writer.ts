// The single writer of the log, in the main thread. It takes batches of whole lines from all threads and writes them in order,
// one write at a time. When the reader of the log is slow, the backlog stays bounded: whole batches are dropped and counted,
// and a line says how many once there is room again. Nobody ever waits for the log.
import { type LogLine, linesDropped, linesLost } from './lines.ts'
import type { LogOutput } from './log-output.ts'

export interface LogWriterOptions {
  /** Makes the text of the writer's own lines: `logger.format`. */
  readonly format: (line: LogLine) => string
  /** Characters that may wait to be written; 1 MiB unless told. */
  readonly backlog?: number
  /** Told of every batch that will never be written, with its lines. */
  readonly onDropped?: (lines: number) => void
}

const BACKLOG = 1024 * 1024
const LARGEST_WRITE = 256 * 1024
const RETRY_DELAY = 20
const FLUSH_TIMEOUT = 1000
const SYNC_TIMEOUT = 100

interface Batch {
  readonly text: string
  readonly lines: number
}

export class LogWriter {
  private readonly output: LogOutput
  private readonly format: (line: LogLine) => string
  private readonly limit: number
  private readonly onDropped: (lines: number) => void
  private queue: Batch[] = []
  /** Characters in `queue` and in the write under way. */
  private backlog = 0
  private writing = false
  private ended = false
  private unreportedDrops = 0
  private unreportedLosses = 0
  private lossCode = ''
  private idleWaiters: (() => void)[] = []

  constructor(output: LogOutput, options: LogWriterOptions) {
    this.output = output
    this.format = options.format
    this.limit = options.backlog ?? BACKLOG
    this.onDropped = options.onDropped ?? (() => {})
  }

  /** Takes whole lines, to be written as soon as the output allows. Never blocks, never throws; also a `LogSink`. */
  readonly write = (text: string, lines: number): void => {
    // After a drop the backlog must first shrink by half, so that drops come in one piece and are reported once.
    const room = this.unreportedDrops > 0 ? this.limit / 2 : this.limit
    if (this.ended || this.backlog + text.length > room) {
      if (!this.ended) this.unreportedDrops += lines
      this.onDropped(lines)
      this.writeNext()
      return
    }
    this.report()
    this.enqueue(text, lines)
    this.writeNext()
  }

  /** Resolves when everything taken so far is written, or after `timeout` milliseconds, or when nobody reads any more. */
  flush(timeout = FLUSH_TIMEOUT): Promise<void> {
    if (!this.writing) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeout)
      this.idleWaiters.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /**
   * Writes what is left at once: for the last words before a crash, never else. Waits at most 100 ms for a slow reader.
   * A write under way is left to the system, so its lines may come out after these.
   */
  flushSync(): void {
    this.report()
    const text = this.queue.map((batch) => batch.text).join('')
    const bytes = Buffer.from(text)
    this.queue = []
    this.backlog -= text.length
    const deadline = performance.now() + SYNC_TIMEOUT
    let start = 0
    while (start < bytes.length && !this.ended) {
      try {
        start += this.output.writeSync(bytes, start)
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) break
      }
    }
  }

  private enqueue(text: string, lines: number): void {
    this.queue.push({ text, lines })
    this.backlog += text.length
  }

  /** Puts the lines about dropped and lost lines where those are missing: after all that was taken before them. */
  private report(): void {
    const lines: LogLine[] = []
    if (this.unreportedDrops > 0) lines.push(linesDropped(this.unreportedDrops))
    if (this.unreportedLosses > 0) lines.push(linesLost(this.unreportedLosses, this.lossCode))
    this.unreportedDrops = 0
    this.unreportedLosses = 0
    for (const line of lines) this.enqueue(this.format(line), 0)
  }

  private writeNext(): void {
    if (this.writing) return
    // Losses wait for the next batch that comes: reported at once, the report itself would be lost for ever again.
    if (this.queue.length === 0 && this.unreportedDrops > 0) this.report()
    if (this.queue.length === 0) {
      for (const waiter of this.idleWaiters.splice(0)) waiter()
      return
    }
    this.writing = true
    const taken = this.take()
    this.attempt(taken, Buffer.from(taken.text), 0)
  }

  /** As many batches as fit into one write, at least one. */
  private take(): Batch {
    let length = 0
    let lines = 0
    let batches = 0
    for (const batch of this.queue) {
      if (batches > 0 && length + batch.text.length > LARGEST_WRITE) break
      length += batch.text.length
      lines += batch.lines
      batches++
    }
    const taken = this.queue.splice(0, batches)
    return { text: taken.map((batch) => batch.text).join(''), lines }
  }

  private attempt(batch: Batch, bytes: Buffer, start: number): void {
    this.output.write(bytes, start, (error, written) => {
      const end = start + written
      if (isBusy(error)) setTimeout(() => this.attempt(batch, bytes, start), RETRY_DELAY).unref()
      else if (error === null && end < bytes.length) this.attempt(batch, bytes, end)
      else this.finish(batch, error)
    })
  }

  private finish(batch: Batch, error: NodeJS.ErrnoException | null): void {
    this.writing = false
    this.backlog -= batch.text.length
    if (error !== null) this.lose(batch, error.code ?? error.message)
    this.writeNext()
  }

  /** Without a reader the log ends quietly; after any other error (a full disk) the next batch is tried all the same. */
  private lose(batch: Batch, code: string): void {
    if (batch.lines > 0) this.onDropped(batch.lines)
    if (code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' || code === 'ECONNRESET') {
      this.ended = true
      for (const waiting of this.queue) this.onDropped(waiting.lines)
      this.queue = []
      this.backlog = 0
      this.unreportedDrops = 0
      return
    }
    this.unreportedLosses += batch.lines
    this.lossCode = code
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EINTR')
}
