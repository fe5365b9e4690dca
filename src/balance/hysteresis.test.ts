import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hysteresis } from './hysteresis.ts'

/** `+` is a check that succeeds, `-` one that fails; the answer shows the state after each: `U` or `d`. */
function after(results: string, hysteresis: Hysteresis): string {
  return [...results]
    .map((result) => {
      const before = hysteresis.up
      const changed = hysteresis.add(result === '+')
      assert.equal(changed, hysteresis.up !== before)
      return hysteresis.up ? 'U' : 'd'
    })
    .join('')
}

test('falls and rises at once when one check is enough', () => {
  assert.equal(after('+-+--+', new Hysteresis({ rise: 1, fall: 1 }, true, true)), 'UdUddU')
})

test('falls only after so many failures in a row, and rises after so many successes', () => {
  const results = '--+---++-+++-'
  assert.equal(after(results, new Hysteresis({ rise: 3, fall: 3 }, true, true)), 'UUUUUddddddUU')
})

test('the first check decides alone while the state is only presumed', () => {
  assert.equal(after('-++', new Hysteresis({ rise: 2, fall: 3 }, true, false)), 'ddU')
  assert.equal(after('+---', new Hysteresis({ rise: 2, fall: 3 }, false, false)), 'UUUd')
})

test('a state set from elsewhere starts the count anew', () => {
  const hysteresis = new Hysteresis({ rise: 2, fall: 2 }, true, true)
  assert.equal(after('-', hysteresis), 'U')
  hysteresis.set(false, true)
  assert.equal(after('+', hysteresis), 'd')
  hysteresis.set(false, true)
  assert.equal(after('++', hysteresis), 'dU')
})
