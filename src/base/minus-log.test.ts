import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minusLog } from './minus-log.ts'
import { mixHash } from './text-hash.ts'

test('is the logarithm, to within 1 of 1000', () => {
  for (let index = 0; index < 100_000; index++) {
    const hash = mixHash(index)
    if (hash >>> 0 < 2 ** 26) continue
    const exact = -Math.log(((hash >>> 0) + 0.5) / 2 ** 32)
    assert.ok(Math.abs(minusLog(hash) / exact - 1) < 1e-3, `${hash >>> 0}`)
  }
})

test('a greater hash has a lower one, from end to end', () => {
  let before = Infinity
  for (let hash = 0; hash < 2 ** 32; hash += 65_521) {
    assert.ok(minusLog(hash | 0) < before)
    before = minusLog(hash | 0)
  }
  assert.ok(minusLog(-1) > 0 && minusLog(-1) < minusLog(-2))
})
