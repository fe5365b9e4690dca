import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outlierDetectionSchema } from '../config/schema.ts'
import { findOutliers, type Sample } from './outliers.ts'

const DEFAULTS = outlierDetectionSchema.parse({})

function config(rules: Partial<typeof DEFAULTS>): typeof DEFAULTS {
  return { ...DEFAULTS, min_requests: 100, ...rules }
}

/** Servers of 1000 attempts each, by how many of them failed. */
function failing(...counts: number[]): Sample[] {
  return counts.map((failed, slot) => ({ slot, ok: 1000 - failed, failed, timed: 0, median: 0 }))
}

function timed(...medians: number[]): Sample[] {
  return medians.map((median, slot) => ({ slot, ok: 1000, failed: 0, timed: 1000, median }))
}

function slots(samples: Sample[], rules: Partial<typeof DEFAULTS>): number[] {
  return findOutliers(samples, config(rules)).map(({ slot }) => slot)
}

test('no rule of these is on by default', () => {
  assert.deepEqual(findOutliers([...failing(0, 0, 0, 0, 0, 1000), ...timed(1, 1, 9999)], DEFAULTS), [])
})

test('success rate: mean − factor × standard deviation, and five points of distance', () => {
  const rules = { success_rate_factor: 1.9 }
  assert.deepEqual(slots(failing(0, 0, 0, 0, 0, 500), rules), [5])
  assert.deepEqual(slots(failing(0, 0, 0, 0, 500), rules), [4], 'one of five is two deviations away')
  assert.deepEqual(slots(failing(0, 0, 0, 500), rules), [], 'fewer than min_servers')
  assert.deepEqual(slots(failing(0, 0, 0, 0, 0, 0, 0, 20), rules), [], 'many deviations, but two points')
  assert.deepEqual(slots(failing(500, 500, 500, 500, 500, 500), rules), [], 'all alike')
  assert.deepEqual(slots(failing(0, 100, 200, 300, 400, 500), rules), [], 'a wide spread has no outlier')
})

test('failure percentage: those at the threshold, unless most are', () => {
  const rules = { failure_percentage: 0.5 }
  assert.deepEqual(slots(failing(0, 499, 500), rules), [2])
  assert.deepEqual(slots(failing(0, 0, 600, 900), rules), [3, 2], 'the worst first')
  assert.deepEqual(slots(failing(0, 600, 900), rules), [])
  assert.deepEqual(slots(failing(1000), rules), [])
})

test('latency: more than the factor times the median of the others, and not below the floor', () => {
  const rules = { latency_factor: 3, latency_floor: 50 }
  assert.deepEqual(slots(timed(20, 20, 20, 61), rules), [3])
  assert.deepEqual(slots(timed(20, 20, 20, 60), rules), [])
  assert.deepEqual(slots(timed(1, 1, 1, 49), rules), [], 'below the floor')
  assert.deepEqual(slots(timed(20, 100), rules), [1], 'one other is enough')
  assert.deepEqual(slots(timed(100), rules), [])
  assert.deepEqual(slots(timed(100, 100, 100), rules), [])
  assert.deepEqual(slots(timed(20, 20, 20, 400, 100), rules), [3, 4], 'the worst first')
  assert.deepEqual(slots(timed(0, 0, 500), rules), [], 'what was not measured is not compared with')
})

test('servers with few attempts are neither judged nor compared with', () => {
  const few = { slot: 9, ok: 0, failed: 99, timed: 99, median: 9999 }
  assert.deepEqual(slots([...failing(0, 0), few], { failure_percentage: 0.5 }), [])
  assert.deepEqual(slots([...failing(0, 0, 0, 500), few], { success_rate_factor: 1.9 }), [])
  assert.deepEqual(slots([...timed(20), few], { latency_factor: 3 }), [])
})

test('a server that breaks several rules is named once', () => {
  const samples = failing(0, 0, 0, 0, 0, 900)
  assert.deepEqual(slots(samples, { failure_percentage: 0.5, success_rate_factor: 1.9 }), [5])
})
