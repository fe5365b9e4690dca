import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counters } from '../shared/counters.ts'
import { Gates } from '../shared/gates.ts'
import { ServerTable } from '../shared/server-table.ts'
import { metricsAnswer } from './metrics-answer.ts'
import { takeSnapshot } from './snapshot.ts'

const snapshot = takeSnapshot({
  table: new ServerTable(1),
  counters: [new Counters(1)],
  servers: [],
  upstreams: [],
  gates: new Gates({ capacity: 1, workers: 1 }),
  samples: [],
  failureKinds: [],
  startedAt: 0,
})

function kind(accept: string, query = ''): 'json' | 'prometheus' {
  const { contentType, body } = metricsAnswer(snapshot, accept, query)
  if (contentType === 'application/json') {
    assert.deepEqual(Object.keys(JSON.parse(body)), ['TotalRequests', 'FailedRequests', 'ActiveConnections'])
    return 'json'
  }
  assert.equal(contentType, 'text/plain; version=0.0.4; charset=utf-8')
  assert.match(body, /^# HELP /)
  return 'prometheus'
}

test('people, browsers, curl and libraries get JSON', () => {
  for (const accept of [
    '',
    '*/*',
    'application/json',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'application/json, text/plain, */*',
    'text/html, text/plain;q=0.5',
    'application/json, text/plain;version=0.0.4;q=0.5',
    'application/openmetrics-text;q=0',
    'text/plain;q=nonsense',
    ',;,=',
  ]) {
    assert.equal(kind(accept), 'json', accept)
  }
})

test('scrapers get the Prometheus format', () => {
  for (const accept of [
    'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1',
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
    'text/plain; version=0.0.4',
    'TEXT/PLAIN;Version=0.0.4;q=1,*/*;q=0.1',
    'text/plain',
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;version=0.0.4;q=0.4,*/*;q=0.2',
    'application/json;q=0.4, text/plain;version=0.0.4',
  ]) {
    assert.equal(kind(accept), 'prometheus', accept)
  }
})

test('?format= overrules the Accept header; an unknown format does not', () => {
  assert.equal(kind('*/*', 'format=prometheus'), 'prometheus')
  assert.equal(kind('*/*', '?x=1&format=prometheus'), 'prometheus')
  assert.equal(kind('text/plain;version=0.0.4', 'format=json'), 'json')
  assert.equal(kind('text/plain;version=0.0.4', 'format=xml'), 'prometheus')
  assert.equal(kind('*/*', 'format=xml'), 'json')
})
