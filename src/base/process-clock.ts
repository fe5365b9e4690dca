// A clock that all threads of the process share: `performance.now()` begins anew in each of them.

/** Milliseconds since some moment in the past, the same for every thread; never goes back. */
export function processMillis(): number {
  const [seconds, nanos] = process.hrtime()
  return seconds * 1000 + nanos / 1e6
}
