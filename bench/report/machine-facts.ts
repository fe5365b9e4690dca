// Where and with what a run was made; figures mean little without it.
import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem, type } from 'node:os'
import { cores, describePinning } from '../machine/pinning.ts'
import { THIS_TREE } from '../peers/octoload.ts'

export interface MachineFacts {
  readonly cpu: string
  readonly cores: number
  /** Bytes. */
  readonly memory: number
  readonly kernel: string
  readonly node: string
  readonly pinning: string
  readonly commit: string
}

export function machineFacts(): MachineFacts {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores,
    memory: totalmem(),
    kernel: `${type()} ${release()}`,
    node: process.version,
    pinning: describePinning(),
    commit: commit(),
  }
}

/** The commit of this tree, with a plus sign when files have changed since. */
function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: THIS_TREE, encoding: 'utf8' }).trim()
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}
