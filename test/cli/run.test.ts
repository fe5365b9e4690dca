import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { emptyFolder, type OctoloadProcess, octoload, startOctoload } from './octoload-process.ts'

async function startServer(t: TestContext, onRequest: RequestListener): Promise<number> {
  const server = createServer(onRequest)
  await new Promise<void>((resolve) => server.listen(0, resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

function startNamedServer(t: TestContext, name: string): Promise<number> {
  return startServer(t, (_, response) => response.end(name))
}

async function balancerUrl(running: OctoloadProcess): Promise<string> {
  const [, port] = await running.printed(/Load balancer is running on port (\d+)/)
  return `http://localhost:${port}`
}

async function ask(url: string): Promise<string> {
  return (await fetch(url)).text()
}

/** A server whose answers to `/held` wait; health checks get theirs at once. */
async function startHoldingServer(
  t: TestContext,
): Promise<{ port: number; asked: Promise<void>; release: () => void }> {
  let release = (): void => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let tellAsked = (): void => {}
  const asked = new Promise<void>((resolve) => {
    tellAsked = resolve
  })
  const port = await startServer(t, async (request, response) => {
    if (request.url === '/held') {
      tellAsked()
      await released
    }
    response.end('at last')
  })
  return { port, asked, release }
}

/** Resolves when nobody listens any more. */
async function refused({ hostname, port }: URL): Promise<void> {
  for (;;) {
    const socket = connect(Number(port), hostname)
    try {
      await once(socket, 'connect')
      socket.destroy()
    } catch {
      return
    }
  }
}

test('without arguments it runs servers.json in the current folder, and ends with exit code 0 on SIGTERM', async (t) => {
  const cwd = emptyFolder(t)
  const port = await startNamedServer(t, 'one')
  const config = { load_balancer: { port: 0 }, servers: { urls: [`http://localhost:${port}`] } }
  writeFileSync(join(cwd, 'servers.json'), JSON.stringify(config))
  const running = startOctoload(t, [], { cwd })
  assert.equal(await ask(await balancerUrl(running)), 'one')
  running.signal('SIGTERM')
  assert.equal(await running.ended, 0)
  assert.match(running.stdout, new RegExp(`Added server http://localhost:${port}\n`))
  assert.match(running.stdout, /Shutting down: SIGTERM received/)
  assert.equal(running.stderr, '')
})

test('--config reads another file, and --port stands above it', async (t) => {
  const file = join(emptyFolder(t), 'other.json')
  const port = await startNamedServer(t, 'one')
  // Port 1 would fail or be taken; 0 from the command line is what counts.
  writeFileSync(file, `{ "load_balancer": { "port": 1 }, "servers": { "urls": ["http://localhost:${port}"] } }`)
  for (const option of ['--config', '-c']) {
    const running = startOctoload(t, [option, file, '--port', '0'])
    assert.equal(await ask(await balancerUrl(running)), 'one')
  }
})

test('servers on the command line need no file and take turns with --strategy round_robin', async (t) => {
  const ports = [await startNamedServer(t, 'one'), await startNamedServer(t, 'two'), await startNamedServer(t, 'three')]
  const servers = [`${ports[0]}`, `localhost:${ports[1]}`, `http://localhost:${ports[2]}`]
  const running = startOctoload(t, [...servers, '-p', '0', '-s', 'round_robin'])
  const url = await balancerUrl(running)
  const answers = [await ask(url), await ask(url), await ask(url), await ask(url)]
  assert.deepEqual(answers, ['one', 'two', 'three', 'one'])
})

test('--log json writes JSON, --quiet leaves the choices of servers out, --log off writes nothing', async (t) => {
  const port = await startNamedServer(t, 'one')
  const json = startOctoload(t, [`${port}`, '-p', '0', '--log', 'json', '--quiet', '--access-log'])
  const [, listening] = await json.printed(/"Load balancer is running on port (\d+)"/)
  assert.equal(await ask(`http://localhost:${listening}/x`), 'one')
  json.signal('SIGINT')
  assert.equal(await json.ended, 0)
  const lines = json.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.ok(lines.some(({ event }) => event === 'shutdown_complete'))
  assert.ok(json.stdout.includes('"/x"'), 'the access log is on')
  assert.ok(!json.stdout.includes('Selected server'))

  const running = startOctoload(t, [`${port}`, '-p', String(listening), '--log', 'off'])
  for (;;) {
    try {
      assert.equal(await ask(`http://localhost:${listening}/`), 'one')
      break
    } catch (error) {
      if (!(error instanceof TypeError)) throw error // not yet listening
    }
  }
  running.signal('SIGINT')
  assert.equal(await running.ended, 0)
  assert.equal(running.stdout + running.stderr, '')
})

test('a missing servers.json is answered with both ways on, exit code 1', async (t) => {
  const { end, stdout, stderr } = await octoload([], { cwd: emptyFolder(t) })
  assert.equal(end, 1)
  assert.equal(stdout, '')
  assert.equal(
    stderr,
    `octoload: there is no servers.json in this folder. Write it, for example:

  {
    "servers": { "urls": ["http://localhost:3001", "http://localhost:3002"] }
  }

or run without a file: octoload 3001 3002
`,
  )
})

test('a missing --config file is named in full, exit code 1', async (t) => {
  const cwd = emptyFolder(t)
  const { end, stderr } = await octoload(['--config', 'nope.json'], { cwd })
  assert.equal(end, 1)
  assert.match(stderr, /^octoload: there is no file \/.*\/nope\.json\. Write it, for example:\n/)
})

test('a file that cannot be read is one line, exit code 1', async (t) => {
  const cwd = emptyFolder(t)
  const { end, stderr } = await octoload(['--config', '.'], { cwd })
  assert.equal(end, 1)
  assert.equal(stderr, 'octoload: . is a directory; name the config file in it.\n')
})

test('an invalid config is answered with every problem, exit code 1, and nothing is started', async (t) => {
  const cwd = emptyFolder(t)
  writeFileSync(
    join(cwd, 'servers.json'),
    '{ "load_balancer": { "port": 99999 },\n "servers": { "urls": ["ftp://x"] } }',
  )
  const { end, stdout, stderr } = await octoload([], { cwd })
  assert.equal(end, 1)
  assert.equal(stdout, '')
  assert.match(
    stderr,
    /^octoload: 2 problems in servers\.json\nservers\.json:1:30 +load_balancer\.port: .*\n(?: .*\n)*servers\.json:2:24 +/,
  )
})

test('wrong servers on the command line are told like those in a file, exit code 1', async () => {
  const { end, stderr } = await octoload(['3001', 'https://host', 'localhost:3001'])
  assert.equal(end, 1)
  assert.match(stderr, /^octoload: 2 problems in the servers on the command line\n/)
  assert.match(stderr, /servers\.urls\[1\]: /)
  assert.match(stderr, /servers\.urls\[2\]: /)
})

test('servers together with --config are refused, exit code 2', async () => {
  assert.deepEqual(await octoload(['3001', '--config', 'x.json']), {
    end: 2,
    stdout: '',
    stderr: 'octoload: give servers or --config FILE, not both; servers can also stand in the file.\n',
  })
})

test('a command behind options is told to come first, exit code 2', async () => {
  const { end, stderr } = await octoload(['--port', '8080', 'check'])
  assert.equal(end, 2)
  assert.equal(stderr, 'octoload: a command comes first: octoload check [OPTIONS].\n')
})

test('a port in use is one line that says so and what to do, exit code 1', async (t) => {
  const port = await startNamedServer(t, 'one')
  for (const workers of ['1', '2']) {
    const { end, stderr } = await octoload(['3001', '--port', String(port), '--workers', workers])
    assert.equal(end, 1)
    assert.equal(
      stderr,
      `octoload: port ${port} is already in use. Stop the program that uses it, ` +
        'or choose another port with --port or "load_balancer": { "port": … }.\n',
    )
  }
})

test('another instance takes over when told to: no request fails while the first one stops', async (t) => {
  const server = await startNamedServer(t, 'one')
  const words = [String(server), '--workers', '1', '--health-check', 'off']
  const first = startOctoload(t, [...words, '--port', '0'])
  const [, port = ''] = await first.printed(/running on port (\d+)/)
  const second = startOctoload(t, [...words, '--port', port, '--take-over'])
  await second.printed(/running on port/)
  const ask = async () => (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).status
  assert.equal(await ask(), 200)
  first.child.kill('SIGTERM')
  assert.equal(await first.ended, 0)
  for (let request = 0; request < 5; request++) assert.equal(await ask(), 200)
  second.child.kill('SIGTERM')
  assert.equal(await second.ended, 0)
})

test('an address of another machine is one line, exit code 1', async () => {
  const { end, stderr } = await octoload(['3001', '--port', '0', '--address', '192.0.2.1'])
  assert.equal(end, 1)
  assert.equal(
    stderr,
    'octoload: the address 192.0.2.1 does not belong to this machine. ' +
      'Choose one that does with --address, or leave it out to listen on all.\n',
  )
})

test('the first signal lets an exchange in flight finish and takes no new connection, exit code 0', async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { port, asked, release } = await startHoldingServer(t)
    const running = startOctoload(t, [`${port}`, '-p', '0'])
    const url = await balancerUrl(running)
    const answer = ask(`${url}/held`)
    await asked
    running.signal(signal)
    await running.printed(new RegExp(`Shutting down: ${signal} received, waiting up to 30 s for 1 exchange to finish`))
    await refused(new URL(url))
    release()
    assert.equal(await answer, 'at last')
    assert.equal(await running.ended, 0)
    assert.match(running.stdout, /Shutdown complete: 1 exchange finished, 0 cut\n$/)
  }
})

test('a second signal ends it at once, exit code 130 for SIGINT and 143 for SIGTERM', async (t) => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const { port, asked } = await startHoldingServer(t)
    const running = startOctoload(t, [`${port}`, '-p', '0'])
    const answer = ask(`${await balancerUrl(running)}/held`)
    answer.catch(() => {})
    await asked
    // Signals that come within one press of Ctrl+C count once, so some more may be needed.
    running.signal(signal)
    const again = setInterval(() => running.signal(signal), 100)
    t.after(() => clearInterval(again))
    assert.equal(await running.ended, code)
    clearInterval(again)
    await assert.rejects(answer)
    assert.equal(running.stderr, `octoload: ${signal} received again: ending now\n`)
  }
})

test('an unexpected error ends it with its stack, exit code 1', async (t) => {
  const defect = 'process.on("SIGUSR2", () => { throw new Error("boom") })'
  const running = startOctoload(t, ['3001', '-p', '0'], {
    nodeOptions: ['--import', `data:text/javascript,${encodeURIComponent(defect)}`],
  })
  await balancerUrl(running)
  running.signal('SIGUSR2')
  assert.equal(await running.ended, 1)
  assert.match(
    running.stderr,
    /^octoload: ended by an unexpected error, which is a defect of octoload:\nError: boom\n {4}at /,
  )
})

test('a reader that leaves early is no error', async (t) => {
  const running = startOctoload(t, ['--help'])
  running.child.stdout?.destroy()
  assert.equal(await running.ended, 0)
  assert.equal(running.stderr, '')
})
