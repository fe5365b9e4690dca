// The examples do what they say.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const EXAMPLE = fileURLToPath(new URL('../examples/library.ts', import.meta.url))

test('the library example runs, on the source in place of the compiled package', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=octoload-source', EXAMPLE])
  const [one, two, ...rest] = stdout.split('\n')
  assert.deepEqual([one, two].sort(), ['hello from one', 'hello from two'])
  assert.deepEqual(rest, ['3 servers take turns now', 'requests that failed: 0', ''])
})
