import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLoadMetrics } from './load-metrics.ts'

const read = (value: string) => readLoadMetrics(`Date: now\r\nEndpoint-Load-Metrics: ${value}\r\n`)

test('reads both forms, with the names at the top or among the named metrics', () => {
  const said = { inFlight: 12, millis: 3.5 }
  assert.deepEqual(read('JSON {"named_metrics": {"rif": 12, "latency_ms": 3.5}, "cpu_utilization": 0.3}'), said)
  assert.deepEqual(read('JSON {"rif": 12, "latency_ms": 3.5}'), said)
  assert.deepEqual(read('TEXT cpu_utilization=0.3,named_metrics.rif=12, named_metrics.latency_ms=3.5'), said)
  assert.deepEqual(read('TEXT rif=12,latency_ms=3.5'), said)
  assert.deepEqual(read('TEXT rif=0'), { inFlight: 0, millis: -1 })
  assert.deepEqual(read('text rif=1'), { inFlight: 1, millis: -1 })
})

test('what cannot be understood says nothing', () => {
  const nothing = { inFlight: -1, millis: -1 }
  assert.deepEqual(readLoadMetrics('Date: now\r\n'), nothing)
  for (const value of [
    '',
    'BIN CAFE',
    'JSON',
    'JSON {',
    'JSON null',
    'JSON 5',
    'JSON {"rif": "12"}',
    'JSON {"rif": -1}',
    'JSON {"rif": 1e999}',
    'JSON {"named_metrics": null}',
    'TEXT',
    'TEXT rif',
    'TEXT rif=',
    'TEXT rif=x',
    'TEXT rif=NaN',
  ]) {
    assert.deepEqual(read(value), nothing, value)
  }
})
