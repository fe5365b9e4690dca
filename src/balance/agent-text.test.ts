import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DRAIN_SAID, READY_SAID } from '../shared/standing.ts'
import { readAgentText } from './agent-text.ts'
import { readDrain, readWeight } from './feedback-headers.ts'

test('the words of an agent, alone and together', () => {
  for (const [text, expected] of [
    ['75%\n', { weight: 75 }],
    ['300%\n', { weight: 100 }],
    ['0%', { weight: 0 }],
    ['drain\r\n', { drain: true }],
    ['MAINT', { drain: true }],
    ['ready', { drain: false }],
    ['up', { down: false }],
    ['down', { down: true }],
    ['failed#out of memory, 75% lost', { down: true }],
    ['stopped', { down: true }],
    ['up ready 50%', { down: false, drain: false, weight: 50 }],
    ['ready,up,\t50%\ndown', { down: false, drain: false, weight: 50 }],
    ['maxconn:30 10%', { weight: 10 }],
    ['', {}],
    ['\n75%', {}],
    ['75', {}],
    ['-5%', {}],
    ['7.5%', {}],
    [`${' '.repeat(2000)}down`, {}],
  ] as const) {
    assert.deepEqual(readAgentText(text), expected, JSON.stringify(text.slice(0, 40)))
  }
})

test('the weight of a header is 0 to 100 per cent; anything else says nothing', () => {
  assert.deepEqual(
    ['0', '5%', '75 %', '100%', '101', '-1', '', '7.5', 'x', '1e2', '50%%'].map(readWeight),
    [0, 5, 75, 100, -1, -1, -1, -1, -1, -1, -1],
  )
})

test('the drain of a header is on or off; anything else says nothing', () => {
  assert.deepEqual(['1', 'true', '0', 'false', '', 'yes', '2'].map(readDrain), [
    DRAIN_SAID,
    DRAIN_SAID,
    READY_SAID,
    READY_SAID,
    0,
    0,
    0,
  ])
})
