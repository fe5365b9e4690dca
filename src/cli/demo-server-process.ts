// A demo server as a process of its own, so that it can be killed while the demo goes on.
// It leads its own process group: Ctrl+C in the terminal must reach the balancer only, which drains first. The IPC
// channel tells us when the server listens, and tells the server when we are gone, however we went.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { CliError } from './cli-error.ts'

const EXECUTABLE = fileURLToPath(new URL('../../bin/octoload.js', import.meta.url))
const PATIENCE_MILLIS = 2_000

/** What a demo server's process sends to the demo that started it. */
export interface ListeningMessage {
  port: number
}

export interface DemoServerProcess {
  readonly id: number
  readonly port: number
  readonly pid: number
  /** Ends the server if it still runs; resolves when it is gone. */
  end(): Promise<void>
}

/** `onEnded` is called when the process ends before `end()` asked for it. */
export async function startDemoServerProcess(
  id: number,
  port: number,
  onEnded: (server: DemoServerProcess) => void,
): Promise<DemoServerProcess> {
  const child = spawn(process.execPath, [EXECUTABLE, 'demo-server', '--id', String(id), '--port', String(port)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
    windowsHide: true,
  })
  const exited = once(child, 'exit')
  const first = await Promise.race([once(child, 'message'), exited.then(() => undefined)])
  if (first === undefined) throw new CliError(`demo server ${id} could not be started on port ${port}.`)

  let ending = false
  async function end(): Promise<void> {
    ending = true
    child.kill('SIGTERM')
    const impatience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MILLIS)
    await exited
    clearTimeout(impatience)
  }
  const [message] = first as [ListeningMessage]
  const server = { id, port: message.port, pid: child.pid ?? 0, end }
  exited.then(() => {
    if (!ending) onEnded(server)
  })
  return server
}

export function runningLine(id: number | string, port: number, pid: number): string {
  return `Server ${id} is running on port ${port} (pid ${pid})`
}

/** The first port from `from` on that can be listened on; 0 stays 0, which takes any free port. */
export async function nextFreePort(from: number): Promise<number> {
  for (let port = from; port <= 65535; port++) {
    if (port === 0 || (await isFree(port))) return port
  }
  throw new CliError(`no port from ${from} up is free for a demo server. Choose another first one with --server-port.`)
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  return new Promise((resolve) => {
    // Any other reason is for the demo server to tell, which will meet it, too.
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'))
    probe.listen(port, () => probe.close(() => resolve(true)))
  })
}
