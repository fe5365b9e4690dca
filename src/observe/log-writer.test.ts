import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { LogOutput, WriteDone } from './log-output.ts'
import { LogWriter } from './log-writer.ts'

/** An output whose writes end when the test says so. */
class ManualOutput implements LogOutput {
  written = ''
  attempts = 0
  mostAtOnce = 0
  private pending: { text: string; done: WriteDone }[] = []

  write(bytes: Buffer, start: number, done: WriteDone): void {
    this.attempts++
    this.pending.push({ text: bytes.toString('utf8', start), done })
    this.mostAtOnce = Math.max(this.mostAtOnce, this.pending.length)
  }

  writeSync(bytes: Buffer, start: number): number {
    this.written += bytes.toString('utf8', start)
    return bytes.length - start
  }

  get busy(): boolean {
    return this.pending.length > 0
  }

  /** Ends the write under way after `limit` bytes. */
  succeed(limit = Number.POSITIVE_INFINITY): void {
    const { text, done } = this.pending.shift()!
    const part = text.slice(0, limit)
    this.written += part
    done(null, part.length)
  }

  fail(code: string): void {
    this.pending.shift()!.done(Object.assign(new Error(code), { code }), 0)
  }

  /** Ends writes until there is none. */
  drain(): void {
    while (this.busy) this.succeed()
  }
}

function setUp(backlog?: number) {
  const output = new ManualOutput()
  const dropped: number[] = []
  const writer = new LogWriter(output, {
    format: (line) => `! ${line.message}\n`,
    onDropped: (lines) => dropped.push(lines),
    ...(backlog === undefined ? {} : { backlog }),
  })
  return { output, writer, dropped }
}

function mockTimers(context: TestContext): void {
  context.mock.timers.enable({ apis: ['setTimeout'] })
}

test('batches are written in order, one write at a time', () => {
  const { output, writer } = setUp()
  for (let number = 0; number < 50; number++) writer.write(`${number}\n`, 1)
  output.drain()
  writer.write('50\n', 1)
  output.drain()
  assert.deepEqual(output.written.split('\n'), [...Array.from({ length: 51 }, (_, number) => `${number}`), ''])
  assert.equal(output.mostAtOnce, 1)
  assert.equal(output.attempts, 3, 'what waits is written together')
})

test('a write that was cut short goes on where it stopped', () => {
  const { output, writer } = setUp()
  writer.write('abcdefgh\n', 1)
  writer.write('ijk\n', 1)
  output.succeed(3)
  output.succeed(0)
  output.succeed(4)
  output.drain()
  assert.equal(output.written, 'abcdefgh\nijk\n')
})

test('when the reader is slow, whole batches are dropped, and a line in their place says how many lines', () => {
  const { output, writer, dropped } = setUp(100)
  const batch = (name: string) => `${name.repeat(39)}\n`
  writer.write(batch('a'), 1)
  writer.write(batch('b'), 2)
  writer.write(batch('c'), 3)
  writer.write('d\n', 1)
  assert.deepEqual(dropped, [3, 1], 'after a drop the backlog must shrink by half first')
  output.succeed()
  writer.write('e\n', 1)
  output.drain()
  const notice = '! 4 log lines were dropped because the reader of the log is too slow\n'
  assert.equal(output.written, `${batch('a')}${batch('b')}${notice}e\n`)
})

test('dropped lines are reported when the reader has caught up, though nothing more is logged', () => {
  const { output, writer } = setUp(10)
  writer.write('12345678\n', 1)
  writer.write('too much\n', 1)
  output.drain()
  assert.equal(output.written, '12345678\n! 1 log line was dropped because the reader of the log is too slow\n')
  writer.write('again\n', 1)
  output.drain()
  assert.ok(output.written.endsWith('slow\nagain\n'))
})

test('a batch beyond all bounds is dropped and reported at once', () => {
  const { output, writer, dropped } = setUp(10)
  writer.write('x'.repeat(11), 9)
  output.drain()
  assert.deepEqual(dropped, [9])
  assert.equal(output.written, '! 9 log lines were dropped because the reader of the log is too slow\n')
})

test('the backlog never grows beyond its bound, however long the reader sleeps', () => {
  const { output, writer, dropped } = setUp(1000)
  for (let count = 0; count < 10_000; count++) writer.write('123456789\n', 1)
  const lost = dropped.reduce((sum, lines) => sum + lines, 0)
  output.drain()
  assert.equal(output.written.split('\n').filter((line) => line === '123456789').length, 100)
  assert.equal(lost, 9900)
  assert.match(output.written, /! 9900 log lines were dropped/)
})

test('a pipe that is full (EAGAIN) is tried again until it takes the same bytes', (context) => {
  mockTimers(context)
  const { output, writer, dropped } = setUp()
  writer.write('abc\n', 1)
  output.succeed(2)
  for (let attempt = 0; attempt < 5; attempt++) {
    output.fail('EAGAIN')
    assert.equal(output.busy, false)
    context.mock.timers.tick(20)
  }
  output.drain()
  assert.equal(output.written, 'abc\n')
  assert.deepEqual(dropped, [])
})

test('when nobody reads any more (EPIPE), the log ends quietly', async () => {
  const { output, writer, dropped } = setUp()
  writer.write('a\n', 1)
  writer.write('b\n', 2)
  const flushed = writer.flush()
  output.fail('EPIPE')
  await flushed
  writer.write('c\n', 3)
  writer.flushSync()
  await writer.flush()
  assert.equal(output.written, '')
  assert.equal(output.attempts, 1)
  assert.deepEqual(dropped, [1, 2, 3])
})

test('after a full disk the log goes on and says what is missing', () => {
  const { output, writer, dropped } = setUp()
  writer.write('a\n', 2)
  output.fail('ENOSPC')
  assert.equal(output.busy, false, 'the report waits for the next line')
  writer.write('b\n', 1)
  output.drain()
  assert.equal(output.written, '! 2 log lines could not be written: ENOSPC\nb\n')
  assert.deepEqual(dropped, [2])
})

test('flush resolves when everything is written, and not before', async () => {
  const { output, writer } = setUp()
  await writer.flush()
  writer.write('a\n', 1)
  writer.write('b\n', 1)
  let flushed = false
  const done = writer.flush().then(() => {
    flushed = true
  })
  output.succeed()
  await Promise.resolve()
  assert.equal(flushed, false)
  output.succeed()
  await done
  assert.equal(output.written, 'a\nb\n')
})

test('flush gives up after its time limit', async (context) => {
  mockTimers(context)
  const { writer } = setUp()
  writer.write('a\n', 1)
  const flushed = writer.flush(300)
  context.mock.timers.tick(300)
  await flushed
})

test('flushSync writes what waits, and leaves the write under way to the system', () => {
  const { output, writer } = setUp()
  writer.write('a\n', 1)
  writer.write('b\n', 1)
  writer.write('c\n', 1)
  writer.flushSync()
  assert.equal(output.written, 'b\nc\n')
  output.drain()
  assert.equal(output.written, 'b\nc\na\n')
})

test('flushSync does not wait long for a reader that sleeps', () => {
  const { output, writer } = setUp()
  writer.write('a\n', 1)
  writer.write('b\n', 1)
  output.writeSync = () => {
    throw Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' })
  }
  const start = performance.now()
  writer.flushSync()
  assert.ok(performance.now() - start < 5000)
})
