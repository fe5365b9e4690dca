// Every case in cases/*.md, whole, split at every position, and byte by byte.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ParserCase, readCases } from './case-files.ts'
import { eventsOf, observeRequests, observeResponses } from './observe.ts'
import { byteByByte, splitAt } from './splits.ts'

/** Longer inputs are split at a few positions only. */
const EVERY_POSITION_BELOW = 2048
/** Events that a case may leave out; one that names one of a kind shows them all. */
const OPTIONAL = ['header', 'host', 'connection', 'expect', 'upgrade']

const cases = readCases()

describe(`http1: ${cases.length} cases`, () => {
  it('are more than 200, with titles that are unique in their file', () => {
    assert.ok(cases.length > 200)
    const names = cases.map((each) => `${each.place.replace(/:.*/, '')} ${each.title}`)
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    )
  })

  for (const each of cases) {
    it(`${each.place} ${each.title}`, () => {
      const { bytes } = each
      const every = bytes.length < EVERY_POSITION_BELOW ? 1 : Math.ceil(bytes.length / 16)
      const whole = run(each, [bytes])
      assert.deepEqual(shown(each, whole), each.events)
      for (let at = 1; at < bytes.length; at += every) {
        assert.deepEqual(run(each, splitAt(bytes, [at])), whole, `split at ${at}`)
      }
      assert.deepEqual(run(each, byteByByte(bytes)), whole, 'byte by byte')
    })
  }
})

function run(each: ParserCase, parts: Buffer[]): string[] {
  return each.answerTo === null
    ? eventsOf(observeRequests(parts), false)
    : eventsOf(observeResponses(parts, each.answerTo), true)
}

/** The events without those of optional kinds that the case does not name. */
function shown(each: ParserCase, events: string[]): string[] {
  const named = new Set(each.events.map(kindOf))
  return events.filter((event) => !OPTIONAL.includes(kindOf(event)) || named.has(kindOf(event)))
}

function kindOf(event: string): string {
  return event.split(' ', 1)[0]!
}
