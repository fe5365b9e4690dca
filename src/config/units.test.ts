import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Mistake } from './mistake.ts'
import { amountPattern, DURATION, formatAmount, parseAmount, SIZE } from './units.ts'

const ANY = { min: 0, max: Number.MAX_SAFE_INTEGER, off: true }

test('reads durations as milliseconds and sizes as bytes', () => {
  const durations = { '250ms': 250, '30s': 30_000, '5m': 300_000, '1h': 3_600_000, '1.5s': 1500, '0.5ms': 1, off: 0 }
  for (const [text, millis] of Object.entries(durations)) assert.equal(parseAmount(DURATION, ANY, text), millis, text)
  const sizes = { '512B': 512, '16KiB': 16_384, '1MiB': 1_048_576, '10MB': 10_000_000, '1GiB': 2 ** 30, '2KB': 2000 }
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(parseAmount(SIZE, ANY, text), bytes, text)
})

test('refuses what has no unit, a wrong one, a sign or a space', () => {
  for (const text of ['', '30', '30 s', '-1s', '1e3s', '.5s', '5.s', '30S', '1d', 's', 'Off', '5s5s', '٣s']) {
    assert.ok(parseAmount(DURATION, ANY, text) instanceof Mistake, text)
    assert.doesNotMatch(text, new RegExp(amountPattern(DURATION, true)))
  }
})

test('refuses what is out of bounds, and off where nothing can be off', () => {
  const bounds = { min: 1000, max: 60_000, off: false }
  for (const text of ['999ms', '61s', 'off', '0s']) {
    assert.ok(parseAmount(DURATION, bounds, text) instanceof Mistake, text)
  }
  assert.equal(parseAmount(DURATION, bounds, '1s'), 1000)
  assert.equal(parseAmount(DURATION, bounds, '1m'), 60_000)
})

test('prints the largest unit that is exact', () => {
  const durations: [number, string][] = [
    [0, 'off'],
    [1, '1ms'],
    [1500, '1500ms'],
    [90_000, '90s'],
    [120_000, '2m'],
  ]
  for (const [millis, text] of durations) assert.equal(formatAmount(DURATION, millis), text)
  const sizes: [number, string][] = [
    [1, '1B'],
    [1536, '1536B'],
    [16_384, '16KiB'],
    [10_000_000, '10MB'],
    [2 ** 20, '1MiB'],
  ]
  for (const [bytes, text] of sizes) assert.equal(formatAmount(SIZE, bytes), text)
})

test('reads back whatever it prints, and the pattern for editors agrees', () => {
  for (const measure of [DURATION, SIZE]) {
    const pattern = new RegExp(amountPattern(measure, true))
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const text = formatAmount(measure, value % 1e15)
        assert.equal(parseAmount(measure, ANY, text), value % 1e15)
        assert.match(text, pattern)
      }),
    )
  }
})
