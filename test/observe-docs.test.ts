// The pages on the log and the metrics name everything there is, and nothing that there is not.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { formatPrometheus } from '../src/observe/prometheus.ts'
import { takeSnapshot } from '../src/observe/snapshot.ts'
import { FAILURE_NAMES } from '../src/seams/failures.ts'
import { Counters } from '../src/shared/counters.ts'
import { Gates } from '../src/shared/gates.ts'
import { ServerTable } from '../src/shared/server-table.ts'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

/** The names in the first column of every table of a page. */
function tableNames(page: string): string[] {
  return [...page.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]!).sort()
}

test('docs/metrics.md lists every metric and every failure', () => {
  const sources = {
    table: new ServerTable(1),
    counters: [new Counters(1)],
    servers: [],
    upstreams: [],
    gates: new Gates({ capacity: 1, workers: 1 }),
    samples: [],
    failureKinds: [],
    startedAt: 0,
  }
  const text = formatPrometheus(takeSnapshot(sources))
  const metrics = [...text.matchAll(/^# TYPE (\w+)/gm)].map((match) => match[1]!)
  assert.deepEqual(tableNames(read('docs/metrics.md')), [...metrics, ...FAILURE_NAMES].sort())
})

test('docs/logging.md lists every event', () => {
  const sources = ['lines', 'access-log', 'selection-log'].map((name) => read(`src/observe/${name}.ts`)).join('')
  const events = [...sources.matchAll(/event(?:: '|":")(\w+)['"]/g)].map((match) => match[1]!)
  assert.deepEqual(tableNames(read('docs/logging.md')), events.sort())
})
