import assert from 'node:assert/strict'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import { octoload, startOctoload } from './octoload-process.ts'

test('demo-server answers with its id and port, and ends with exit code 0 on SIGTERM and SIGINT', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const running = startOctoload(t, ['demo-server', '--id', '7', '--port', '0'])
    const [, port] = await running.printed(/^Server 7 is running on port (\d+) \(pid \d+\)$/m)
    const answer = await fetch(`http://127.0.0.1:${port}/`)
    assert.match(
      await answer.text(),
      new RegExp(`^Response from SERVER 7 \\(port ${port}\\) at \\d\\d:\\d\\d:\\d\\d\\n$`),
    )
    running.signal(signal)
    assert.equal(await running.ended, 0)
    assert.equal(running.stderr, '')
  }
})

test('demo-server finishes an answer that is on its way when it is stopped', async (t) => {
  const running = startOctoload(t, ['demo-server', '--port', '0', '--latency', '300ms'])
  const [, port] = await running.printed(/on port (\d+)/)
  const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8')
  // The 100 response tells that the request has arrived.
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi')
  let received = ''
  for await (const text of socket) {
    if (received === '') running.signal('SIGTERM')
    received += text
  }
  assert.match(received, /^HTTP\/1.1 100 .*HTTP\/1.1 200 .*Response from SERVER 1/s)
  assert.equal(await running.ended, 0)
})

test('demo-server --error-rate 100% answers every request with 500', async (t) => {
  const running = startOctoload(t, ['demo-server', '--port', '0', '--error-rate', '100%'])
  const [, port] = await running.printed(/on port (\d+)/)
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 500)
})

test('demo-server says which port is in use, exit code 1', async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.after(() => other.close())
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const { end, stdout, stderr } = await octoload(['demo-server', '--port', String(port)])
  assert.equal(end, 1)
  assert.equal(stdout, '')
  assert.equal(
    stderr,
    `octoload: port ${port} is already in use. Stop the program that uses it, or choose another port.\n`,
  )
})

test('demo-server says what is wrong with an option, exit code 2', async () => {
  assert.deepEqual(await octoload(['demo-server', '--latency=fast']), {
    end: 2,
    stdout: '',
    stderr: 'octoload: --latency takes a time such as 20ms, or a range such as 10ms-50ms, not "fast".\n',
  })
})
