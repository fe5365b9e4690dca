import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { BATCH_DELAY, BATCH_SIZE, LineBatch } from './line-batch.ts'
import { LogClock } from './log-clock.ts'
import { Logger } from './logger.ts'

function setUp(context: TestContext) {
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: new Date(2025, 8, 30, 18, 53, 47, 950) })
  const sent: [text: string, lines: number][] = []
  const batch = new LineBatch((text, lines) => sent.push([text, lines]), new LogClock())
  const add = (text: string) => {
    batch.begin()
    batch.add(text, 1)
  }
  return { batch, sent, add, tick: (millis: number) => context.mock.timers.tick(millis) }
}

test('lines go out together, 100 ms after the first', (context) => {
  const { sent, add, tick } = setUp(context)
  add('a\n')
  tick(60)
  add('b\n')
  tick(39)
  assert.deepEqual(sent, [])
  tick(1)
  assert.deepEqual(sent, [['a\nb\n', 2]])
  tick(BATCH_DELAY * 10)
  assert.equal(sent.length, 1)
  add('c\n')
  tick(BATCH_DELAY)
  assert.deepEqual(sent[1], ['c\n', 1])
})

test('a batch that is full goes out at once', (context) => {
  const { sent, add } = setUp(context)
  const line = `${'x'.repeat(1023)}\n`
  for (let count = 0; count < BATCH_SIZE / 1024; count++) {
    assert.equal(sent.length, 0)
    add(line)
  }
  assert.deepEqual(sent, [[line.repeat(BATCH_SIZE / 1024), BATCH_SIZE / 1024]])
})

test('flush hands over what there is, once', (context) => {
  const { batch, sent, add, tick } = setUp(context)
  batch.flush()
  add('a\n')
  batch.flush()
  batch.flush()
  tick(BATCH_DELAY)
  assert.deepEqual(sent, [['a\n', 1]])
})

test('the first line of a batch reads the clock', (context) => {
  const { batch, add, tick } = setUp(context)
  add('a\n')
  assert.match(batch.clock.prefix, /18:53:47 $/)
  tick(BATCH_DELAY)
  assert.match(batch.clock.prefix, /18:53:47 $/)
  add('b\n')
  assert.match(batch.clock.prefix, /18:53:48 $/)
})

test('rare lines keep their place, and times never go back', (context) => {
  const { batch, sent, tick } = setUp(context)
  const logger = new Logger(batch.sink, { format: 'text', level: 'info', colour: false, clock: batch.clock })
  const add = (text: string) => {
    batch.begin()
    batch.add(`${batch.clock.prefix}${text}\n`, 1)
  }
  add('one')
  tick(60)
  logger.info('event', 'two')
  add('three')
  tick(40)
  const lines = sent[0]![0].split('\n').map((line) => line.replace('load-balancer: 2025/09/30 18:53:', ''))
  assert.deepEqual(lines, ['47 one', '48 two', '48 three', ''])
})
