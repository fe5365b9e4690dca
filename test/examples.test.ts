// The examples do what they say, those in the docs too.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { fileSchema } from '../src/config/schema.ts'
import type { Strategy } from '../src/seams/strategy.ts'
import { fresh, SimulatedPool, tally } from './seams/simulated-pool.ts'
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

test('the example with everything has every section', () => {
  const text = read('examples/full.jsonc')
  const short = ['$schema', 'load_balancer', 'servers']
  const missing = Object.keys(fileSchema.shape).filter((key) => !short.includes(key) && !text.includes(`"${key}"`))
  assert.deepEqual(missing, [])
})

test('the strategy of the example uses the others only while the near ones are busy', async () => {
  const { nearFirst } = await import('../examples/my-strategy.ts')
  const pool = new SimulatedPool([1, 1, 1])
  const picker = pool.picker(nearFirst, 1, undefined, { near: 2, busy: 3 })
  const picks = Array.from({ length: 8 }, () => {
    const position = picker.pick(fresh)
    pool.loads[position]!++
    return position
  })
  assert.deepEqual(tally(picks.slice(0, 6), 3), [3, 3, 0])
  assert.deepEqual(picks.slice(6), [2, 2])
  testStrategy('near_first', nearFirst, { unweighted: true, walks: true })
})

// The strategy in docs/architecture.md, as it stands there: its imports are those of a file in src/strategies.
const [, code = ''] = read('docs/architecture.md').match(/```ts\n(\/\/ src\/strategies\/[^`]*)```/) ?? []
const folder = mkdtempSync(join(tmpdir(), 'octoload-'))
const file = join(folder, 'strategy.mts')
writeFileSync(file, code.replaceAll("from '../", `from '${pathToFileURL(join(ROOT, 'src/')).href}`))
const [strategy] = Object.values((await import(pathToFileURL(file).href)) as Record<string, Strategy>)
rmSync(folder, { recursive: true })
testStrategy('own_turns', strategy!)
