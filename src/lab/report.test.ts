import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BASE_FAULT, BASE_SCENARIO, builtInScenarios } from './built-in-scenarios.ts'
import { type Comparison, compare, factsOf } from './comparison.ts'
import { count, millis, roundMillis, roundShare, share } from './numbers.ts'
import { reportHtml } from './report-html.ts'
import { reportTable } from './report-table.ts'

const failing: Comparison = compare({ ...builtInScenarios['one-failing']!, name: '<odd> & "named"', requests: 5000 }, [
  'round_robin',
  'least_active',
  'ip_hash',
])
const brownOut: Comparison = compare(
  { ...BASE_SCENARIO, requests: 20_000, faults: [{ ...BASE_FAULT, at: 5000, length: 2000 }] },
  ['round_robin'],
)

test('the table has a line for each strategy, and its columns stand below each other', () => {
  const lines = reportTable(failing).trimEnd().split('\n')
  assert.equal(lines.length, 7)
  assert.match(lines[0]!, /^<odd> & "named": One server in ten fails at once/)
  assert.equal(lines[1], '10 servers, 5,000 requests at 1,400 per second, 70.0 % load, seed 1')
  assert.match(lines[3]!, /^strategy +p50 +p99 +p99\.9 +mean +failures +retries +imbalance +peak +moved keys$/)
  assert.deepEqual(
    lines.slice(4).map((line) => line.split(' ')[0]),
    ['round_robin', 'least_active', 'ip_hash'],
  )
})

test('the page needs nothing from anywhere else, and escapes what it is given', () => {
  const page = reportHtml([failing, brownOut])
  assert.doesNotMatch(page, /https?:|src=|@import|url\(/)
  assert.doesNotMatch(page, /<odd>/)
  assert.match(page, /&lt;odd&gt; &amp; &quot;named&quot;/)
  for (const strategy of ['round_robin', 'least_active', 'ip_hash']) assert.ok(page.includes(strategy))
})

test('nothing is drawn outside of its plot', () => {
  const page = reportHtml([failing, brownOut])
  let drawn = 0
  for (const [, width, height, inside] of page.matchAll(/<svg viewBox="0 0 (\d+) (\d+)"[^>]*>(.*?)<\/svg>/gs)) {
    for (const [, path] of inside!.matchAll(/ d="([^"]*)"/g)) {
      for (const [, x, y] of path!.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)) {
        drawn++
        assert.ok(Number(x) >= 0 && Number(x) <= Number(width), `x ${x}`)
        assert.ok(Number(y) >= 0 && Number(y) <= Number(height), `y ${y}`)
      }
    }
    for (const [, x, y, w, h] of inside!.matchAll(
      /x="(-?[\d.]+)" y="(-?[\d.]+)" width="(-?[\d.]+)" height="(-?[\d.]+)"/g,
    )) {
      drawn++
      assert.ok(Number(x) >= 0 && Number(x) + Number(w) <= Number(width) + 0.2)
      assert.ok(Number(y) >= 0 && Number(y) + Number(h) <= Number(height) + 0.2)
    }
  }
  assert.ok(drawn > 500, `${drawn}`)
  assert.doesNotMatch(page, /NaN|Infinity|undefined/)
})

test('what goes wrong is shaded while it lasts, and failures are plotted where there are any', () => {
  const page = reportHtml([brownOut])
  assert.match(page, /<rect class="band"[^>]*\/><text class="band-name"[^>]*>slow<\/text>/)
  assert.doesNotMatch(page, /Failures over time/)
  assert.match(reportHtml([failing]), /Failures over time/)
})

test('a strategy without a single answer is shown all the same', () => {
  const nothing = compare(
    {
      ...BASE_SCENARIO,
      requests: 500,
      faults: [{ ...BASE_FAULT, kind: 'errors', servers: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }],
    },
    ['random'],
  )
  assert.match(reportTable(nothing), /random +- +- +- +- +100 %/)
  assert.doesNotMatch(reportHtml([nothing]), /NaN|Infinity|undefined/)
})

test('a fault that comes after the last request is pointed out', () => {
  const facts = factsOf({ ...BASE_SCENARIO, requests: 100, faults: [{ ...BASE_FAULT, at: 20_000 }] })
  assert.match(facts.notes[0]!, /The fault "slow" at 20 s comes after the last request, at 0\.1 s/)
})

test('numbers have the digits that matter', () => {
  assert.deepEqual([0, 0.0523, 9.414, 42.19, 652.2, 16_480, 60_500].map(millis), [
    '-',
    '52.3 µs',
    '9.41 ms',
    '42.2 ms',
    '652 ms',
    '16.5 s',
    '60.5 s',
  ])
  assert.deepEqual([0, 0.00012, 0.1, 1].map(share), ['0', '0.0120 %', '10.0 %', '100 %'])
  assert.deepEqual([5, 1234, 1_234_567].map(count), ['5', '1,234', '1,234,567'])
  assert.deepEqual([0.05, 0.5, 20, 5000].map(roundMillis), ['50 µs', '0.5 ms', '20 ms', '5 s'])
  assert.equal(roundShare(0.3), '30 %')
})
