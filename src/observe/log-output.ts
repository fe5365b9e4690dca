// Where the log goes: standard output, in a way that can block neither the main thread nor the end of the process.
// A write that waits in libuv's thread pool for a slow reader also holds up `process.exit`, which joins those threads. So
// pipes and sockets go through `process.stdout`, which Node makes non-blocking, and a terminal is opened anew without blocking
// (Ctrl+S holds it up). What remains, a file, is written in the thread pool and does not wait for anybody.
import { constants, fstatSync, openSync, write, writeSync } from 'node:fs'
import { isatty } from 'node:tty'

export type WriteDone = (error: NodeJS.ErrnoException | null, written: number) => void

export interface LogOutput {
  /** Writes some or all of `bytes` from `start` on and says how many; one call at a time. */
  write(bytes: Buffer, start: number, done: WriteDone): void
  /** The same at once, for the last words before a crash; throws what the system says, EAGAIN too. */
  writeSync(bytes: Buffer, start: number): number
}

export function standardOutput(): LogOutput {
  const kind = fstatSync(1)
  if (kind.isFIFO() || kind.isSocket()) return streamOutput(process.stdout)
  return descriptorOutput(isatty(1) ? openTerminal() : 1)
}

/** An open file. A descriptor that does not block answers EAGAIN, which the writer waits out. */
function descriptorOutput(descriptor: number): LogOutput {
  return {
    write: (bytes, start, done) => write(descriptor, bytes, start, done),
    writeSync: (bytes, start) => writeSync(descriptor, bytes, start),
  }
}

function streamOutput(stream: typeof process.stdout): LogOutput {
  // The writer learns of every error from its own writes; unheard, the event would end the process.
  stream.on('error', () => {})
  return {
    write: (bytes, start, done) => {
      stream.write(bytes.subarray(start), (error) => done(error ?? null, error ? 0 : bytes.length - start))
    },
    writeSync: (bytes, start) => writeSync(stream.fd, bytes, start),
  }
}

function openTerminal(): number {
  try {
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return 1
  }
}
