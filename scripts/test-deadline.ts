// Loaded into each test file by `npm test`: a file that has not ended in time fails and says what kept it alive. Without
// this a socket or process that a failed test left open would hang the whole run, and nothing would tell which file.
// (--test-force-exit ends such files too, but loses results that are still on their way to the reporter.)
import { isMainThread } from 'node:worker_threads'

const SECONDS = 90

// Worker threads load this as well, and so does the runner, which may take as long as it likes.
if (isMainThread && process.env.NODE_TEST_CONTEXT !== undefined) {
  setTimeout(() => {
    console.error(`not finished after ${SECONDS} s; still open: ${process.getActiveResourcesInfo().join(', ')}`)
    process.exit(1)
  }, SECONDS * 1000).unref()
}
