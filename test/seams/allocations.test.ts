// A pick allocates nothing: at tens of thousands a second it would be work for the garbage collector.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { registry } from '../../src/registry.ts'

const script = fileURLToPath(new URL('picks-of-one.ts', import.meta.url))
const variants: Record<string, string[]> = {
  hash: ['{}', '{"method":"ring"}', '{"method":"maglev","bounded_load":1.25}'],
}

for (const name of Object.keys(registry.strategies)) {
  for (const options of variants[name] ?? ['{}']) {
    test(`a pick of ${name} ${options} allocates nothing`, async () => {
      const { stdout } = await promisify(execFile)(process.execPath, [script, name, options])
      // The smallest object has 16 bytes; what is below is from what V8 does beside.
      assert.ok(Number(stdout) < 8, `${stdout.trim()} bytes`)
    })
  }
}
