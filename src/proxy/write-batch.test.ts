import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { WriteBatch } from './write-batch.ts'

/** Notes what it is asked to write. */
class Writer {
  flushes = 0
  flush(): void {
    this.flushes++
  }
}

function writers(count: number): Writer[] {
  return Array.from({ length: count }, () => new Writer())
}

test('the writes of a turn leave at its end', async () => {
  const batch = new WriteBatch()
  const all = writers(10)
  for (const writer of all) assert.ok(batch.takes(writer))
  assert.ok(all.every(({ flushes }) => flushes === 0))
  await turn()
  assert.ok(all.every(({ flushes }) => flushes === 1))
})

test('nobody waits for more than 64 writes', () => {
  const batch = new WriteBatch()
  const all = writers(200)
  for (const [index, writer] of all.entries()) {
    assert.ok(batch.takes(writer))
    assert.ok(all.slice(0, index + 1).filter(({ flushes }) => flushes === 0).length <= 64)
  }
})

test('after a turn with one write the next ones leave at once, until a turn with many comes', async () => {
  const batch = new WriteBatch()
  assert.ok(batch.takes(new Writer()))
  await turn()
  let atOnce = 0
  while (!batch.takes(new Writer())) atOnce++
  assert.ok(atOnce > 0 && atOnce < 1000, `${atOnce} writes left at once`)
  for (const writer of writers(10)) assert.ok(batch.takes(writer))
  await turn()
  assert.ok(batch.takes(new Writer()))
})
