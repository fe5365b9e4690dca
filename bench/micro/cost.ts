// What one run of an operation costs the thread that does it: nanoseconds, and bytes that it leaves on the heap.
import { getHeapStatistics } from 'node:v8'

export interface Cost {
  readonly nanos: number
  /** Null where Node does not count them (before Node 25). */
  readonly bytes: number | null
}

const ROUNDS = 5

/** `run` does the operation so many times. Takes about `millis`; the quickest of several rounds counts. */
export function cost(run: (times: number) => void, millis: number): Cost {
  let times = 100
  for (let took = 0; took < 100 * millis; times *= 2) {
    const begin = cpuMicros()
    run(times)
    took = cpuMicros() - begin
  }
  let nanos = Number.POSITIVE_INFINITY
  let bytes: number | null = null
  for (let round = 0; round < ROUNDS; round++) {
    const before = allocated()
    const begin = cpuMicros()
    run(times)
    const took = ((cpuMicros() - begin) * 1000) / times
    const after = allocated()
    // The kernel sometimes says that no time has passed.
    if (took >= nanos || took <= 0) continue
    nanos = took
    bytes = before === null || after === null ? null : (after - before) / times
  }
  return { nanos, bytes }
}

/** Microseconds of processor time of this thread: what else runs on the machine does not count. */
export function cpuMicros(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

/** Bytes that this thread has put on its heap since it started; null where Node does not count them. */
export function allocated(): number | null {
  const { total_allocated_bytes: bytes } = getHeapStatistics() as { total_allocated_bytes?: number }
  return bytes ?? null
}

/** The two cells of a table. */
export function costCells({ nanos, bytes }: Cost): string[] {
  return [`${nanos.toFixed(0)} ns`, bytes === null ? '–' : `${bytes.toFixed(0)} bytes`]
}
