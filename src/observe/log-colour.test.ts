import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inColour, wantsColour } from './log-colour.ts'

test('colour is for terminals, unless the environment says otherwise', () => {
  const cases: [boolean, Record<string, string>, boolean][] = [
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
    [false, { FORCE_COLOR: '1' }, true],
    [false, { FORCE_COLOR: '' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { FORCE_COLOR: 'false' }, false],
    [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ]
  for (const [terminal, environment, expected] of cases) {
    assert.equal(wantsColour(terminal, environment), expected, `terminal ${terminal}, ${JSON.stringify(environment)}`)
  }
})

test('coloured text is plain text between two escapes', () => {
  assert.equal(inColour(true, 'red', 'ERROR'), '\x1b[31mERROR\x1b[0m')
  assert.equal(inColour(false, 'red', 'ERROR'), 'ERROR')
})
