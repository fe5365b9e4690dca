import assert from 'node:assert/strict'
import { test } from 'node:test'
import { workerCount } from './worker-count.ts'

test('there are as many workers as the config says, or as there are cores', () => {
  assert.deepEqual(workerCount(3, 8, 'linux'), { count: 3, wanted: 3 })
  assert.deepEqual(workerCount(0, 8, 'linux'), { count: 8, wanted: 8 })
})

test('there is one worker where threads cannot share a port', () => {
  for (const platform of ['darwin', 'win32']) {
    assert.deepEqual(workerCount(3, 8, platform), { count: 1, wanted: 3 })
    assert.deepEqual(workerCount(0, 8, platform), { count: 1, wanted: 8 })
  }
})
