// Runs the executable as a real process and watches what it prints.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

export const EXECUTABLE = fileURLToPath(new URL('../../bin/octoload.js', import.meta.url))

interface Place {
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** Options for Node itself, before the executable. */
  nodeOptions?: string[]
}

export class OctoloadProcess {
  stdout = ''
  stderr = ''
  readonly child: ChildProcess
  /** Resolves with the exit code, or with the signal's name when a signal ended the process. */
  readonly ended: Promise<number | string>

  constructor(words: readonly string[], { cwd, env, nodeOptions = [] }: Place = {}) {
    this.child = spawn(process.execPath, [...nodeOptions, EXECUTABLE, ...words], {
      cwd: cwd ?? tmpdir(),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.ended = once(this.child, 'close').then(([code, signal]) => code ?? signal)
  }

  /** Resolves with the match once stdout or stderr holds `pattern`; rejects when that can no longer be hoped for. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    let deadline: NodeJS.Timeout | undefined
    const found = new Promise<RegExpExecArray>((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr)
        if (match !== null) resolve(match)
      }
      const fail = (why: string): void => {
        reject(new Error(`${why} before it printed ${pattern}:\n${this.stdout.slice(-2000)}\n${this.stderr}`))
      }
      this.child.stdout?.on('data', look)
      this.child.stderr?.on('data', look)
      look()
      this.ended.then((end) => fail(`ended (${end})`))
      deadline = setTimeout(() => fail('20 s passed'), 20_000)
    })
    return found.finally(() => clearTimeout(deadline))
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }
}

/** Starts a process that is gone, at the latest, when the test ends. */
export function startOctoload(test: TestContext, words: readonly string[], place: Place = {}): OctoloadProcess {
  const running = new OctoloadProcess(words, place)
  test.after(async () => {
    running.child.kill('SIGKILL')
    await running.ended
  })
  return running
}

/** Runs to the end. */
export async function octoload(words: readonly string[], place: Place = {}): Promise<Finished> {
  const running = new OctoloadProcess(words, place)
  const end = await running.ended
  return { end, stdout: running.stdout, stderr: running.stderr }
}

export interface Finished {
  end: number | string
  stdout: string
  stderr: string
}

/** An empty folder that is gone after the test. */
export function emptyFolder(test: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'octoload-'))
  test.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}
