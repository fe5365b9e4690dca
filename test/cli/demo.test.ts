import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type OctoloadProcess, octoload, startOctoload } from './octoload-process.ts'

interface Demo {
  running: OctoloadProcess
  url: string
  servers: { id: number; port: number; pid: number }[]
}

async function startDemo(t: TestContext, ...words: string[]): Promise<Demo> {
  const running = startOctoload(t, ['demo', '--port', '0', '--server-port', '0', ...words])
  const [, port] = await running.printed(/Try it +curl http:\/\/localhost:(\d+)/)
  const lines = running.stdout.matchAll(/^Server (\d+) is running on port (\d+) \(pid (\d+)\)$/gm)
  const servers = [...lines].map(([, id, at, pid]) => ({ id: Number(id), port: Number(at), pid: Number(pid) }))
  return { running, url: `http://localhost:${port}/`, servers }
}

/** The number of the server that answered. */
async function ask(url: string): Promise<number> {
  const response = await fetch(url)
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return Number(/^Response from SERVER (\d+) /.exec(text)?.[1])
}

/** Resolves when nobody listens on the port any more. */
async function closed(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      socket.destroy()
    } catch {
      return
    }
  }
}

test('three requests are answered by servers 1, 2 and 3', async (t) => {
  const { running, url, servers } = await startDemo(t)
  assert.deepEqual(
    servers.map(({ id }) => id),
    [1, 2, 3],
  )
  assert.deepEqual([await ask(url), await ask(url), await ask(url)], [1, 2, 3])
  for (const { id, port, pid } of servers) {
    assert.match(running.stdout, new RegExp(`Added server http://localhost:${port}\n`))
    assert.match(running.stdout, new RegExp(`Stop server ${id} +kill ${pid}\n`))
    await running.printed(new RegExp(`Selected server http://localhost:${port} \\(round robin\\)\n`))
  }
})

test('nobody notices when a server is stopped or killed', async (t) => {
  const { running, url, servers } = await startDemo(t, '--log', 'off')
  const answered = [0, 0, 0, 0]
  let going = true
  async function askOnAndOn(): Promise<void> {
    while (going) answered[await ask(url)]!++
  }
  async function stopServers(): Promise<void> {
    process.kill(servers[0]!.pid, 'SIGTERM')
    await running.printed(/Server 1 has ended; start it again with: npx octoload demo-server --id 1 --port \d+/)
    process.kill(servers[1]!.pid, 'SIGKILL')
    await running.printed(/Server 2 has ended/)
    const before = answered[3]!
    while (going && answered[3]! < before + 100) answered[await ask(url)]!++
    assert.equal(await ask(url), 3)
  }
  const clients = [askOnAndOn(), askOnAndOn(), askOnAndOn()]
  try {
    await Promise.race([stopServers(), Promise.all(clients)])
  } finally {
    going = false
    await Promise.all(clients)
  }
})

test('Ctrl+C stops the balancer first and the demo servers after it, exit code 0', async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { running, url, servers } = await startDemo(t, '--servers', '2')
    assert.equal(await ask(url), 1)
    running.signal(signal)
    assert.equal(await running.ended, 0)
    assert.equal(running.stderr, '')
    assert.doesNotMatch(running.stdout, /has ended/)
    assert.match(running.stdout, /Shutdown complete: \d exchanges? finished, 0 cut\n$/)
    for (const { port } of servers) await closed(port)
  }
})

test('the demo servers are out of reach of a signal to the terminal’s process group', async (t) => {
  const { servers } = await startDemo(t)
  for (const { pid } of servers) process.kill(-pid, 0) // throws unless the server leads a group of its own
})

test('the demo servers end when the demo is killed hard', async (t) => {
  const { running, servers } = await startDemo(t)
  running.signal('SIGKILL')
  for (const { port } of servers) await closed(port)
})

test('the demo servers end and one line says why when the port is in use, exit code 1', async (t) => {
  const other = createServer().listen(0)
  await once(other, 'listening')
  t.after(() => other.close())
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const { end, stdout, stderr } = await octoload(['demo', '--server-port', '0', '--port', String(port)])
  assert.equal(end, 1)
  assert.match(
    stderr,
    new RegExp(`^octoload: port ${port} is already in use\\. Stop the program that uses it, or .*\n$`),
  )
  for (const [, at] of stdout.matchAll(/^Server \d+ is running on port (\d+)/gm)) await closed(Number(at))
})

test('a demo server takes the next free port when its own is in use, and says so', async (t) => {
  const other = createServer().listen(0)
  await once(other, 'listening')
  t.after(() => other.close())
  const address = other.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const running = startOctoload(t, ['demo', '--servers', '1', '--port', '0', '--server-port', String(port)])
  const [, taken] = await running.printed(/^Ports? \d+ (?:to \d+ are|is) already in use: demo server 1 takes (\d+)\n/)
  assert.ok(Number(taken) > port)
  await running.printed(new RegExp(`Server 1 is running on port ${taken} `))
})

test('a wrong option is told before anything is started, exit code 2', async () => {
  const { end, stdout, stderr } = await octoload(['demo', '--server-port=0', '--strategy=x'])
  assert.equal(end, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /^octoload: --strategy takes round_robin, least_active, .* or first_available, not "x"\.\n$/)
})
