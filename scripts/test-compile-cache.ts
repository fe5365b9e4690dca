// Loaded before the tests by `npm test`: what Node has compiled is kept between processes. Each test file is a process of its
// own, and each worker thread and each `octoload` that a test starts imports the sources anew: to compile them took a third of
// all the work. A source that was changed is compiled again. Not with coverage, which is less exact then.
import { enableCompileCache } from 'node:module'
import { isMainThread } from 'node:worker_threads'

if (isMainThread) {
  const { directory } = enableCompileCache()
  // Processes and threads that are started later go by the environment.
  if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory
}
