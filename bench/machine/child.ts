// The programs of a run: each in a process group of its own, so that ending it also ends its workers, with its output
// in files. None outlives this process, whether it finishes, throws or is interrupted.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pin, type Role } from './pinning.ts'

export interface Command {
  readonly argv: readonly string[]
  /** Added to this process's environment. */
  readonly env?: Record<string, string>
}

const PATIENCE = 1000
const LAST_LINES = 8

const running = new Set<Child>()

export class Child {
  readonly pid: number
  readonly folder: string
  readonly exited: Promise<void>
  hasExited: boolean

  /** `folder` receives `stdout.log` and `stderr.log`. */
  constructor(command: Command, role: Role, folder: string) {
    const stdout = openSync(join(folder, 'stdout.log'), 'w')
    const stderr = openSync(join(folder, 'stderr.log'), 'w')
    const [program, ...args] = pin(command.argv, role)
    const child: ChildProcess = spawn(program!, args, {
      cwd: folder,
      env: { ...process.env, NODE_ENV: 'production', ...command.env },
      stdio: ['ignore', stdout, stderr],
      detached: true,
    })
    closeSync(stdout)
    closeSync(stderr)
    if (child.pid === undefined) throw new Error(`cannot start ${command.argv[0]}`)
    this.pid = child.pid
    this.folder = folder
    this.hasExited = false
    this.exited = new Promise((resolve) => child.once('exit', resolve)).then(() => {
      this.hasExited = true
      running.delete(this)
    })
    running.add(this)
  }

  /** What it has written to its standard output so far. */
  output(): string {
    return readFileSync(join(this.folder, 'stdout.log'), 'utf8')
  }

  /** The last lines that it complained with, or else wrote, for an error message. */
  lastWords(): string {
    const complaints = readFileSync(join(this.folder, 'stderr.log'), 'utf8').trim()
    return (complaints === '' ? this.output().trim() : complaints).split('\n').slice(-LAST_LINES).join('\n')
  }

  kill(): void {
    if (this.hasExited) return
    try {
      process.kill(-this.pid, 'SIGKILL')
    } catch {
      // It ended by itself a moment ago.
    }
  }

  /** Asks it to end, so that it can wait for its own workers, and insists after a second. */
  async stop(): Promise<void> {
    if (!this.hasExited) process.kill(this.pid, 'SIGTERM')
    const insist = setTimeout(() => this.kill(), PATIENCE)
    await this.exited
    clearTimeout(insist)
  }
}

process.on('exit', () => {
  for (const child of running) child.kill()
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))
