import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverUnhealthy } from './lines.ts'
import { LogClock } from './log-clock.ts'
import type { LogLevel } from './log-format.ts'
import { Logger, type LoggerOptions } from './logger.ts'

const NOW = new Date(2025, 8, 30, 18, 53, 47, 123).getTime()
const PREFIX = 'load-balancer: 2025/09/30 18:53:47 '

function logged(options: Partial<LoggerOptions>, write: (logger: Logger) => void): string {
  let output = ''
  const clock = new LogClock(options.colour ?? false, () => NOW)
  const sink = (text: string, lines: number) => {
    assert.equal(lines, 1)
    output += text
  }
  write(new Logger(sink, { format: 'text', level: 'debug', colour: false, clock, ...options }))
  return output
}

test('info lines carry no level word, the others say theirs', () => {
  const output = logged({}, (logger) => {
    logger.debug('a', 'Debug message')
    logger.info('b', 'Info message')
    logger.warn('c', 'Warn message')
    logger.error('d', 'Error message')
  })
  assert.deepEqual(output.split('\n'), [
    `${PREFIX}DEBUG Debug message`,
    `${PREFIX}Info message`,
    `${PREFIX}WARN Warn message`,
    `${PREFIX}ERROR Error message`,
    '',
  ])
})

test('lines below the level are not written', () => {
  const levels: LogLevel[] = ['debug', 'info', 'warn', 'error']
  for (const [index, threshold] of [...levels, 'off' as const].entries()) {
    const output = logged({ level: threshold }, (logger) => {
      for (const level of levels) logger[level]('event', level)
    })
    const words = output.split('\n').filter((line) => line !== '')
    assert.deepEqual(
      words.map((line) => line.split(' ').at(-1)),
      levels.slice(index),
    )
  }
})

test('colour marks the name, the time and the level word, and nothing else', () => {
  const output = logged({ colour: true }, (logger) => logger.warn('event', 'message'))
  const expected = '\x1b[36mload-balancer:\x1b[0m \x1b[2m2025/09/30 18:53:47\x1b[0m \x1b[33mWARN\x1b[0m message\n'
  assert.equal(output, expected)
})

test('a JSON line is one object with time, level, message, event and the fields', () => {
  const server = { url: 'http://localhost:8001', upstream: 'main' }
  const output = logged({ format: 'json' }, (logger) => logger.log(serverUnhealthy(server, 'status 500')))
  assert.ok(output.endsWith('}\n'))
  assert.deepEqual(JSON.parse(output), {
    time: new Date(NOW).toISOString(),
    level: 'warn',
    message: 'Server http://localhost:8001 is unhealthy: status 500',
    event: 'server_unhealthy',
    server: 'http://localhost:8001',
    upstream: 'main',
    reason: 'status 500',
  })
})

test('a message cannot forge a second line', () => {
  const message = `oops\n${PREFIX}Shutdown complete`
  for (const format of ['text', 'json'] as const) {
    const output = logged({ format }, (logger) => logger.error('event', message, { 'a\n': message }))
    assert.equal(output.indexOf('\n'), output.length - 1, output)
  }
})

test('fields never hide the line itself, and whatever they hold, logging does not throw', () => {
  const circular: Record<string, unknown> = {}
  circular.self = circular
  const output = logged({ format: 'json' }, (logger) =>
    logger.info('event', 'message', {
      level: 'error',
      time: 0,
      error: new Error('broken'),
      big: 10n,
      circular,
      missing: undefined,
      call: () => 1,
      list: [1, 'two'],
    }),
  )
  const line = JSON.parse(output)
  assert.equal(line.level, 'info')
  assert.equal(line.time, new Date(NOW).toISOString())
  assert.equal(line.error, 'broken')
  assert.equal(line.big, '10')
  assert.equal(line.circular, '[object Object]')
  assert.equal(typeof line.call, 'string')
  assert.deepEqual(line.list, [1, 'two'])
  assert.equal('missing' in line, false)
})
