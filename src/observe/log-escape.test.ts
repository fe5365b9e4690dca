import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { escapeMessage, escapeQuoted, jsonString } from './log-escape.ts'

// What ends a line, steers a terminal, or reorders text on it.
const DANGEROUS = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/

test('controls in a message are shown, not obeyed; everything else stays as it is', () => {
  assert.equal(escapeMessage('a\nb\r\tc\x1b[2J\x7f\u009b\u2028'), 'a\\nb\\r\\tc\\x1b[2J\\x7f\\x9b\\u2028')
  const plain = 'Größe "12" \\ 漢字 🙂'
  assert.equal(escapeMessage(plain), plain)
})

test('quoted text cannot end its quotes', () => {
  assert.equal(escapeQuoted('/a"b\\c é\n'), '/a\\"b\\\\c \\xe9\\n')
  assert.equal(escapeQuoted('/plain?x=%20~'), '/plain?x=%20~')
})

test('nothing dangerous is left of any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(escapeMessage(text), DANGEROUS)
      assert.match(escapeQuoted(text), /^(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x21-\x7e])*$/)
      assert.doesNotMatch(jsonString(text), DANGEROUS)
      assert.equal(JSON.parse(jsonString(text)), text)
    }),
  )
})

test('quoted text with different bytes never looks the same', () => {
  const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) })
  fc.assert(
    fc.property(latin1, latin1, (a, b) => {
      assert.equal(escapeQuoted(a) === escapeQuoted(b), a === b)
    }),
  )
})
