import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessLog } from '../observe/access-log.ts'
import { LineBatch } from '../observe/line-batch.ts'
import { LogClock } from '../observe/log-clock.ts'
import type { LogFormat } from '../observe/log-format.ts'
import { type LoggedRequest, measuresOf, ReplayWorkload, readAccessLine, recordingOf } from './replay.ts'

const FINISHED = new Date(2025, 8, 30, 18, 53, 47, 123).getTime()
const SERVER = 'http://localhost:8001'

function writtenLine(format: LogFormat, server: string, micros: number): string {
  let output = ''
  const batch = new LineBatch(
    (text) => {
      output += text
    },
    new LogClock(false, () => FINISHED),
  )
  new AccessLog(batch, format).access('10.0.0.7', 'GET', '/a "quoted" \\ b', 200, 12, micros, server, 1, 'bad_response')
  batch.flush()
  return output.trimEnd()
}

test('the access log is read in both formats, as the product writes it', () => {
  assert.deepEqual(readAccessLine(writtenLine('json', SERVER, 5312)), {
    finished: FINISHED,
    wholeSecond: false,
    duration: 5.312,
    client: '10.0.0.7',
  })
  assert.deepEqual(readAccessLine(writtenLine('text', SERVER, 5312)), {
    finished: FINISHED - 123,
    wholeSecond: true,
    duration: 5.3,
    client: '10.0.0.7',
  })
})

test('requests that reached no server, other lines and broken ones are passed over', () => {
  for (const line of [
    writtenLine('json', '', 10),
    writtenLine('text', '', 10),
    'load-balancer: 2025/09/30 18:53:44 Added server http://localhost:8001',
    '{"time":"2025-09-30T18:53:47.123Z","level":"info","message":"x","event":"server_added"}',
    '{"event":"exchange_finished","time":"2025-09',
    '{"event":"exchange_finished","time":"never","server":"http://a","duration_ms":1}',
    '',
  ]) {
    assert.equal(readAccessLine(line), null, line)
  }
})

const exact = (finished: number, duration: number, client: string): LoggedRequest => ({
  finished,
  wholeSecond: false,
  duration,
  client,
})

test('a request came its duration before it was logged', () => {
  const recording = recordingOf([exact(1000, 10, 'a'), exact(1001, 101, 'b'), exact(1010, 5, 'a')])
  assert.deepEqual([...recording.times], [0, 90, 105])
  assert.deepEqual([...recording.demands], [101, 10, 5])
  assert.deepEqual(
    [...recording.keys].map((key) => recording.clients[key]),
    ['b', 'a', 'a'],
  )
})

test('lines that know only their second are spread over it', () => {
  const lines = [0, 0, 0, 0, 1000, 1000].map((finished) => ({ finished, wholeSecond: true, duration: 2, client: 'a' }))
  assert.deepEqual([...recordingOf(lines).times], [0, 250, 500, 750, 1000, 1500])
})

test('a replay may be faster than it was, and shorter', () => {
  const recording = recordingOf([exact(100, 0, 'a'), exact(300, 20, 'b'), exact(500, 40, 'c')])
  const replay = new ReplayWorkload(recording, 2, 2)
  const seen: number[][] = []
  while (replay.next()) seen.push([replay.time, replay.demand, replay.key])
  assert.deepEqual(seen, [
    [0, 0, 0],
    [90, 20, 1],
  ])
  assert.deepEqual(measuresOf(recording), { rate: 3 / 360, meanService: 20 })
})

test('an empty log is no trouble', () => {
  const recording = recordingOf([])
  assert.equal(new ReplayWorkload(recording, 1).next(), false)
  assert.deepEqual(measuresOf(recording), { rate: 0, meanService: 0 })
})
