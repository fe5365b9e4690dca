import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadFactors } from './load-factors.ts'
import { loadWeight, readLoadReport } from './load-report.ts'

const report = { utilization: 0.5, rps: 100, eps: 2 }

test('reads both forms of text', () => {
  for (const text of [
    'TEXT cpu_utilization=0.5, rps_fractional=100, eps=2',
    'TEXT cpu_utilization=0.5,rps_fractional=100.0,mem_utilization=0.9,eps=2,named_metrics.queue=7',
    'text application_utilization=0.5,cpu_utilization=0.9,rps_fractional=100,eps=2',
    'JSON {"cpu_utilization": 0.5, "rps_fractional": 100, "eps": 2, "named_metrics": {"queue": 7}}',
    'JSON {"applicationUtilization": 0.5, "cpuUtilization": 0.9, "rpsFractional": 100, "eps": 2}',
  ]) {
    assert.deepEqual(readLoadReport(text), report, text)
  }
})

test('what is no report, or has a number that cannot be, says nothing', () => {
  for (const text of [
    '',
    'TEXT',
    'BIN AAAA',
    'cpu_utilization=0.5',
    'JSON {',
    'JSON 7',
    'JSON null',
    'TEXT cpu_utilization=-1,rps_fractional=100',
    'TEXT cpu_utilization=x,rps_fractional=100',
    'TEXT cpu_utilization=0.5,rps_fractional=Infinity',
    'TEXT cpu_utilization=0.5,rps_fractional=1e300',
    'TEXT cpu_utilization=0.5,rps_fractional=100,eps=-1',
    'JSON {"cpu_utilization": 1e9, "rps_fractional": 1}',
    `TEXT cpu_utilization=0.5,${'x=1,'.repeat(2000)}rps_fractional=100`,
  ]) {
    assert.equal(readLoadReport(text), null, text.slice(0, 60))
  }
})

test('the weight is that of gRFC A58', () => {
  assert.equal(loadWeight({ utilization: 0.5, rps: 100, eps: 0 }, 1), 200)
  assert.equal(loadWeight({ utilization: 0.5, rps: 100, eps: 50 }, 1), 100)
  assert.equal(loadWeight({ utilization: 0.5, rps: 100, eps: 50 }, 0), 200)
  assert.equal(loadWeight({ utilization: 0, rps: 100, eps: 0 }, 1), 0)
  assert.equal(loadWeight({ utilization: 0.5, rps: 0, eps: 0 }, 1), 0)
})

test('factors are the ratios of the weights, at most 1; servers that have not told are like the others', () => {
  assert.deepEqual(loadFactors([100, 200]), [0.5, 1])
  assert.deepEqual(loadFactors([100, 150, 200]), [0.5, 0.75, 1])
  assert.deepEqual(loadFactors([0, 100, 150, 200]), [0.75, 0.5, 0.75, 1])
  assert.deepEqual(loadFactors([100, 0, 0]), [1, 1, 1], 'one alone cannot be compared')
  assert.deepEqual(loadFactors([]), [])
})

test('a server that lies gets no more than twice what honest ones get', () => {
  assert.deepEqual(loadFactors([100, 100, 100, 1e9]), [0.5, 0.5, 0.5, 1])
  assert.deepEqual(loadFactors([100, 1e9]), [0.5, 1])
})
