// The examples do what they say, those in the docs too.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { Strategy } from '../src/seams/strategy.ts'
import { testStrategy } from './seams/strategy-suite.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

test('the library example runs, on the source in place of the compiled package', async () => {
  const example = join(ROOT, 'examples/library.ts')
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=octoload-source', example])
  assert.equal(
    stdout,
    `hello from one
hello from two
hello from one
three has joined
one is down: connection refused
hello from three
hello from three
requests that failed: 0; servers that are up: 1 of 2
cut off at the end: 0
`,
  )
})

// The strategy in docs/architecture.md, as it stands there: its imports are those of a file in src/strategies.
const [, code = ''] = read('docs/architecture.md').match(/```ts\n(\/\/ src\/strategies\/[^`]*)```/) ?? []
const folder = mkdtempSync(join(tmpdir(), 'octoload-'))
const file = join(folder, 'strategy.mts')
writeFileSync(file, code.replaceAll("from '../", `from '${pathToFileURL(join(ROOT, 'src/')).href}`))
const [strategy] = Object.values((await import(pathToFileURL(file).href)) as Record<string, Strategy>)
rmSync(folder, { recursive: true })
testStrategy('own_turns', strategy!)
