// Waiting in tests: always for something, never for some time. The limit only turns a hang into a message.

/** Generous: a test that waits this long has failed, whatever the machine is busy with. */
export const LIMIT = 30_000

/** Who cleans up: a test context, or `{ after }` of node:test for what a whole file shares. */
export interface Owner {
  after(cleanup: () => unknown): void
}

/** Settles as `promise` does; rejects with `what` when the limit passes first. */
export async function within<T>(promise: Promise<T>, what: string | (() => string), limit = LIMIT): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`still waiting after ${limit} ms for ${typeof what === 'string' ? what : what()}`))
    }, limit)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** For conditions that announce nothing, such as a counter in shared memory: looks again until it is neither false nor undefined. */
export async function eventually<T>(condition: () => T | Promise<T>, what: string, limit = LIMIT): Promise<T> {
  const end = performance.now() + limit
  for (;;) {
    const value = await condition()
    if (value !== false && value !== undefined) return value
    if (performance.now() > end) throw new Error(`still waiting after ${limit} ms for ${what}`)
    await pause(5)
  }
}

/** Lets time pass. Use it to pace a sender or to let a time-out run, never to decide what a test finds. */
export function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis))
}
