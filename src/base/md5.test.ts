import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { Md5 } from './md5.ts'

test('gives the digest that OpenSSL gives, for texts of any length', () => {
  const md5 = new Md5()
  for (let length = 0; length < 300; length++) {
    const text = Array.from({ length }, (_, index) => String.fromCharCode((index * 37 + length) & 255)).join('')
    md5.digest(text)
    const bytes = Buffer.from(new Uint32Array(md5.words).buffer)
    assert.equal(bytes.toString('hex'), createHash('md5').update(text, 'latin1').digest('hex'), `length ${length}`)
  }
})
