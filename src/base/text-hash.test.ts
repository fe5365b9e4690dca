import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashText, mixHash } from './text-hash.ts'

test('every bit of a hash is set for half of the texts, also where these are alike', () => {
  const counts = new Array<number>(32).fill(0)
  for (let i = 0; i < 20_000; i++) {
    const hash = hashText(`/path/${i}`)
    for (let bit = 0; bit < 32; bit++) counts[bit]! += (hash >>> bit) & 1
  }
  // Four standard deviations of a fair coin.
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 283, `${counts}`)
})

test('a seed makes another hash, and so does every character', () => {
  const hashes = ['', 'a', 'b', 'ab', 'ba', 'abc', 'a\0', 'ä'].flatMap((text) => [hashText(text), hashText(text, 1)])
  assert.equal(new Set(hashes).size, hashes.length)
})

test('the finisher is that of MurmurHash3, which maps numbers one to one', () => {
  assert.equal(mixHash(0), 0)
  assert.equal(mixHash(1) >>> 0, 0x514e28b7)
  assert.equal(new Set(Array.from({ length: 100_000 }, (_, index) => mixHash(index))).size, 100_000)
})
