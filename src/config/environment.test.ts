// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to the environment are what is tested
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { escapeReferences, substitute } from './environment.ts'

const ENV = { NAME: 'value', EMPTY: '', PORT: '8080', FLAG: 'true', DOLLAR: '${NAME}' }

function replaced(text: string): unknown {
  const { value, findings } = substitute({ key: [text] }, ENV)
  assert.deepEqual(findings, [])
  return (value as { key: unknown[] }).key[0]
}

test('puts in the variable, or the default when it is not set or empty', () => {
  assert.equal(replaced('${NAME}'), 'value')
  assert.equal(replaced('<${NAME}${NAME}>'), '<valuevalue>')
  assert.equal(replaced('${NAME:-other}'), 'value')
  assert.equal(replaced('${UNSET:-other}'), 'other')
  assert.equal(replaced('${UNSET:-}'), '')
  assert.equal(replaced('${EMPTY}'), '')
  assert.equal(replaced('${EMPTY:-other}'), 'other')
  assert.equal(replaced('${UNSET:-a:-b c}'), 'a:-b c')
})

test('leaves alone what is no reference, and what a variable holds', () => {
  for (const text of ['$NAME', '$', '{NAME}', '$ {NAME}', '']) assert.equal(replaced(text), text)
  assert.equal(replaced('$${NAME}'), '${NAME}')
  assert.equal(replaced('${DOLLAR}'), '${NAME}')
})

test('finds fault with what is not set and with what is no name, at its place', () => {
  for (const text of ['${UNSET}', '${}', '${1A}', '${A B}', '${NAME', '${NAME-x}', '${NAME:x}']) {
    const { findings } = substitute({ a: ['', text] }, ENV)
    assert.equal(findings.length, 1, text)
    assert.deepEqual(findings[0]!.path, ['a', 1])
  }
})

test('says what number or boolean a bare reference stands for', () => {
  const bare = (text: string) => substitute(text, ENV).references[0]?.bare
  assert.equal(bare('${PORT}'), 8080)
  assert.equal(bare('${UNSET:--1.5}'), -1.5)
  assert.equal(bare('${FLAG}'), true)
  assert.equal(bare('${NAME}'), null)
  assert.equal(bare('${EMPTY}'), null)
  assert.equal(bare('${PORT}${PORT}'), null)
  assert.equal(bare('1${PORT}'), null)
})

test('does not change the value it was given', () => {
  const value = Object.freeze({ list: Object.freeze(['${NAME}', 1, null, true]) })
  assert.deepEqual(substitute(value, ENV).value, { list: ['value', 1, null, true] })
})

test('escaped text comes out as it was', () => {
  const text = fc.array(fc.constantFrom('$', '{', '}', 'NAME', ':-', '$${', '${')).map((parts) => parts.join(''))
  fc.assert(fc.property(text, (text) => assert.equal(replaced(escapeReferences(text)), text)))
})
