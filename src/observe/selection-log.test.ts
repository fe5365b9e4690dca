import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineBatch } from './line-batch.ts'
import { LogClock } from './log-clock.ts'
import type { LogFormat } from './log-format.ts'
import { SelectionLog } from './selection-log.ts'

const START = new Date(2025, 8, 30, 18, 53, 47, 123).getTime()
const PREFIX = 'load-balancer: 2025/09/30 18:53:47 '

function setUp(format: LogFormat, colour = false) {
  let output = ''
  const time = { now: START }
  const batch = new LineBatch(
    (text) => {
      output += text
    },
    new LogClock(colour, () => time.now),
  )
  const written = () => {
    batch.flush()
    return output
  }
  return { log: new SelectionLog(batch, format), time, written }
}

test('a selection by turn says the strategy', () => {
  const { log, written } = setUp('text')
  const texts = [1, 2].map((id) => log.prepare(`http://localhost:800${id}`, 'main', 'round robin', false))
  for (const text of [...texts, texts[0]!]) log.selected(text, 5)
  assert.deepEqual(written().split('\n'), [
    `${PREFIX}Selected server http://localhost:8001 (round robin)`,
    `${PREFIX}Selected server http://localhost:8002 (round robin)`,
    `${PREFIX}Selected server http://localhost:8001 (round robin)`,
    '',
  ])
})

test('a selection by load says the load', () => {
  const { log, written } = setUp('text')
  const text = log.prepare('http://localhost:8001', 'main', 'least active', true)
  for (const load of [0, 1, 120]) log.selected(text, load)
  const line = `${PREFIX}Selected server http://localhost:8001 with load`
  assert.equal(written(), `${line} 0\n${line} 1\n${line} 120\n`)
})

test('the time moves on with the batches', () => {
  const { log, time, written } = setUp('text')
  const text = log.prepare('http://localhost:8001', 'main', 'round robin', false)
  log.selected(text, 0)
  written()
  time.now += 1000
  log.selected(text, 0)
  assert.deepEqual(written().match(/\d\d:\d\d:\d\d/g), ['18:53:47', '18:53:48'])
})

test('JSON lines carry the same message, the server, the upstream, the load and the very millisecond', () => {
  const { log, time, written } = setUp('json')
  const byTurn = log.prepare('http://localhost:8001', 'main', 'round robin', false)
  const byLoad = log.prepare('http://localhost:8002', 'ma"in', 'least active', true)
  log.selected(byTurn, 3)
  time.now++
  log.selected(byLoad, 42)
  log.selected(byTurn, 3)
  const [first, second, third] = written()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const turn = {
    time: new Date(START).toISOString(),
    level: 'info',
    message: 'Selected server http://localhost:8001 (round robin)',
    event: 'server_selected',
    server: 'http://localhost:8001',
    upstream: 'main',
  }
  const later = new Date(START + 1).toISOString()
  assert.deepEqual(first, turn)
  assert.deepEqual(second, {
    ...turn,
    time: later,
    message: 'Selected server http://localhost:8002 with load 42',
    server: 'http://localhost:8002',
    upstream: 'ma"in',
    load: 42,
  })
  assert.deepEqual(third, { ...turn, time: later })
})

test('colour touches the start of the line only', () => {
  const { log, written } = setUp('text', true)
  log.selected(log.prepare('http://localhost:8001', 'main', 'round robin', false), 0)
  assert.ok(written().endsWith('\x1b[0m Selected server http://localhost:8001 (round robin)\n'))
})
