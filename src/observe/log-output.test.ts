// The log of a real process on real outputs: files, pipes and sockets, with readers that sleep or leave.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'

// A program that hangs is what these tests are about.
const TIMEOUT = { timeout: 20_000 }

const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
const PROGRAM = `
  import { LogWriter } from ${module('./log-writer.ts')}
  import { standardOutput } from ${module('./log-output.ts')}
  const writer = new LogWriter(standardOutput(), { format: (line) => line.message + '\\n' })
  const write = (from, to) => { for (let n = from; n < to; n++) writer.write(n + '\\n', 1) }
  const turn = () => new Promise((resolve) => setImmediate(resolve))`

/** Runs `body` as a program with `writer` and `write`; its standard error is its voice. */
function run(context: TestContext, body: string, stdout: 'pipe' | number): ChildProcess {
  const program = `${PROGRAM}\n${body}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', stdout, 'pipe'] })
  context.after(() => child.kill('SIGKILL'))
  return child
}

const numbers = (count: number) => Array.from({ length: count }, (_, number) => `${number}\n`).join('')

test('everything that was flushed reaches a file, in order', TIMEOUT, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'octoload-log-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const file = openSync(join(folder, 'log'), 'w')
  const child = run(
    context,
    'write(0, 500); await turn(); write(500, 20000); await writer.flush(); process.exit(0)',
    file,
  )
  closeSync(file)
  assert.equal((await once(child, 'exit'))[0], 0)
  assert.equal(readFileSync(join(folder, 'log'), 'utf8'), numbers(20_000))
})

test('everything that was flushed reaches a socket, in order', TIMEOUT, async (context) => {
  const child = run(context, 'write(0, 20000); await writer.flush(10000); process.exit(0)', 'pipe')
  assert.equal(await text(child.stdout!), numbers(20_000))
})

test('a reader that sleeps holds up neither the program nor its end', TIMEOUT, async (context) => {
  const body = `
    for (let batch = 0; batch < 100; batch++) writer.write('x'.repeat(65535) + '\\n', 1)
    setTimeout(async () => { await writer.flush(50); console.error('flushed'); process.exit(0) }, 50)`
  const child = run(context, body, 'pipe')
  child.stdout!.pause()
  const said = text(child.stderr!)
  assert.deepEqual(await once(child, 'exit'), [0, null])
  assert.equal(await said, 'flushed\n')
})

test('the same through a pipe of a shell', { ...TIMEOUT, skip: process.platform === 'win32' }, async (context) => {
  const body = `${PROGRAM}
    for (let batch = 0; batch < 100; batch++) writer.write('x'.repeat(65535) + '\\n', 1)
    setTimeout(async () => { await writer.flush(50); console.error('flushed'); process.exit(0) }, 50)`
  // The reader sleeps until the test closes its descriptor 3, which is after the program has ended.
  const pipeline = '{ "$NODE" --input-type=module -e "$PROGRAM"; echo "exit $?" >&2; } | read -r word <&3'
  const shell = spawn('sh', ['-c', pipeline], {
    env: { ...process.env, NODE: process.execPath, PROGRAM: body },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  context.after(() => shell.stdio[3]!.destroy())
  let said = ''
  for await (const chunk of shell.stderr!) {
    said += chunk
    if (said.includes('exit')) break
  }
  assert.equal(said, 'flushed\nexit 0\n')
})

test('a reader that leaves ends the log, not the program', TIMEOUT, async (context) => {
  const body = `
    write(0, 1)
    process.stdin.once('data', async () => {
      for (let batch = 0; batch < 5; batch++) { writer.write('more\\n', 1); await turn() }
      await writer.flush()
      console.error('alive')
      process.exit(0)
    })`
  const child = run(context, body, 'pipe')
  const said = text(child.stderr!)
  await once(child.stdout!, 'data')
  child.stdout!.destroy()
  child.stdin!.write('go')
  assert.deepEqual(await once(child, 'exit'), [0, null])
  assert.equal(await said, 'alive\n')
})
