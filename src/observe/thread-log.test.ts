import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeThreadLog, type ThreadLogOptions } from './thread-log.ts'

const OPTIONS: ThreadLogOptions = { format: 'text', level: 'info', selection: true, access: true, colour: false }

test('all lines of a thread keep their order', () => {
  let output = ''
  const log = makeThreadLog((text) => {
    output += text
  }, OPTIONS)
  log.selection!.selected(log.selection!.prepare('http://a', 'main', 'round robin', false), 0)
  log.logger.warn('event', 'Something')
  log.access!.access('::1', 'GET', '/', 200, 0, 0, 'http://a', 0, '')
  assert.equal(output, '')
  log.flush()
  const ends = output.split('\n').map((line) => line.slice('load-balancer: 2025/09/30 18:53:47 '.length))
  assert.deepEqual(ends, [
    'Selected server http://a (round robin)',
    'WARN Something',
    '::1 "GET / HTTP/1.1" 200 0B 0.0ms http://a',
    '',
  ])
})

test('selection and access lines are info lines, and each can be turned off', () => {
  const has = (options: Partial<ThreadLogOptions>) => {
    const { selection, access } = makeThreadLog(() => {}, { ...OPTIONS, ...options })
    return [selection !== null, access !== null]
  }
  assert.deepEqual(has({}), [true, true])
  assert.deepEqual(has({ level: 'debug' }), [true, true])
  assert.deepEqual(has({ selection: false }), [false, true])
  assert.deepEqual(has({ access: false }), [true, false])
  assert.deepEqual(has({ level: 'warn' }), [false, false])
  assert.deepEqual(has({ level: 'off' }), [false, false])
})

test('JSON is never coloured', () => {
  let output = ''
  const log = makeThreadLog(
    (text) => {
      output += text
    },
    { ...OPTIONS, format: 'json', colour: true },
  )
  log.logger.warn('event', 'Something')
  log.flush()
  assert.doesNotMatch(output, /\x1b/)
  assert.equal(JSON.parse(output).message, 'Something')
})
