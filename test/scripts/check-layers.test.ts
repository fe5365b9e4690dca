import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findBreaches } from '../../scripts/check-layers.ts'

function breaches(sources: Record<string, string>): string[] {
  return findBreaches(new Map(Object.entries(sources)))
}

test('imports that point downward are fine', () => {
  const good = {
    'base/clock.ts': "import { setTimeout } from 'node:timers'",
    'strategies/random.ts':
      "import { NONE } from '../seams/strategy.ts'\nimport { seededRandom } from '../base/random.ts'",
    'strategies/index.ts': "import { random } from './random.ts'\nexport * from './random.ts'",
    'config/schema.ts': "import { z } from 'zod'",
    'control/workers.ts': "import { Command } from '../worker/messages.ts'",
  }
  assert.deepEqual(breaches(good), [])
})

test('an import that points upward is told with its line and the allowed folders', () => {
  const source = "// first line\nimport {\n  forward,\n} from '../proxy/forward.ts'\n"
  assert.deepEqual(breaches({ 'strategies/odd.ts': source }), [
    'src/strategies/odd.ts:2: imports proxy/forward.ts; strategies may import picking, seams, base, and types from config/config.ts',
  ])
})

test('every form of import is seen', () => {
  const forms = [
    "import '../cli/main.ts'",
    "import type { Main } from '../cli/main.ts'",
    "import * as main from '../cli/main.ts'",
    "export { main } from '../cli/main.ts'",
    "export * from '../cli/main.ts'",
    "async function f() {\n  const { main } = await import('../cli/main.ts')\n}",
  ]
  for (const form of forms) assert.equal(breaches({ 'base/x.ts': form }).length, 1, form)
})

test('extensions do not import each other', () => {
  assert.equal(breaches({ 'health/x.ts': "import { strategies } from '../strategies/index.ts'" }).length, 1)
  assert.equal(breaches({ 'strategies/x.ts': "import { tcp } from '../health/tcp.ts'" }).length, 1)
})

test('where types are allowed, code is not', () => {
  assert.deepEqual(breaches({ 'router/x.ts': "import type { Config } from '../config/config.ts'" }), [])
  assert.equal(breaches({ 'router/x.ts': "import { Config } from '../config/config.ts'" }).length, 1)
  assert.equal(breaches({ 'router/x.ts': "import type { Config } from '../config/load.ts'" }).length, 1)
})

test('where one file of a folder is allowed, the others are not', () => {
  assert.equal(breaches({ 'control/x.ts': "import { run } from '../worker/run.ts'" }).length, 1)
})

test('packages stay in their folders', () => {
  assert.deepEqual(breaches({ 'proxy/x.ts': "import { z } from 'zod'" }), [
    'src/proxy/x.ts:1: imports the package zod; proxy may import no packages',
  ])
})

test('src imports nothing from outside', () => {
  assert.deepEqual(breaches({ 'base/x.ts': "import { x } from '../../test/x.ts'" }), [
    'src/base/x.ts:1: imports ../../test/x.ts, which is outside src/',
  ])
})

test('a folder that is not in the table, or named for nothing in particular, is told', () => {
  assert.match(breaches({ 'cache/x.ts': '' })[0]!, /^src\/cache\/x\.ts: cache has no line in scripts\/layers\.ts/)
  assert.match(breaches({ 'base/utils/x.ts': '' })[0]!, /no folder is called utils/)
})

test('only shared/ works with shared memory; others may name the types and write of it', () => {
  const source = [
    '// Atomics is for shared/',
    'const buffer = new SharedArrayBuffer(8) // Atomics',
    'Atomics.add(cells, 0, 1)',
    'function open(buffer: SharedArrayBuffer) {}',
    ' * new SharedArrayBuffer',
  ].join('\n')
  assert.deepEqual(breaches({ 'shared/x.ts': source }), [])
  assert.deepEqual(
    breaches({ 'worker/x.ts': source }).map((breach) => breach.split(';')[0]),
    ['src/worker/x.ts:2: uses new SharedArrayBuffer', 'src/worker/x.ts:3: uses Atomics'],
  )
})

test('a circle of imports is told, one of types is not', () => {
  const circle = {
    'base/a.ts': "import { b } from './b.ts'",
    'base/b.ts': "import { c } from './c.ts'",
    'base/c.ts': "import { b } from './b.ts'",
  }
  assert.deepEqual(breaches(circle), ['src/base/b.ts → base/c.ts → base/b.ts: a circle of imports'])
  assert.deepEqual(breaches({ ...circle, 'base/c.ts': "import type { B } from './b.ts'" }), [])
})
