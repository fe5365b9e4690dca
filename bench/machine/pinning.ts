// Who runs on which core. The proxy has one core to itself; the load generator and the origin share the other, or have
// one each where there are three. Without that, a proxy would lose to its own load generator.
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { which } from './which.ts'

export type Role = 'proxy' | 'load' | 'origin'

const taskset = which('taskset')

/** Cores of this machine, counted before this process was pinned to one of them. */
export const cores = availableParallelism()

/** False when programs float over all cores: figures are then not comparable between machines, nor to our docs. */
export const isPinned = taskset !== null && cores >= 2

let shared = false

/** From now on every program may run on every core. */
export function shareCores(): void {
  shared = true
}

const CORE_OF: Record<Role, number> = { proxy: 0, load: 1, origin: cores >= 3 ? 2 : 1 }

/** The command line that runs `argv` on the core of its role. */
export function pin(argv: readonly string[], role: Role): string[] {
  return isPinned && !shared ? [taskset!, '--cpu-list', String(CORE_OF[role]), ...argv] : [...argv]
}

/** Keeps this process, which starts and measures the others, off the proxy's core. */
export function pinThisProcess(): void {
  if (!isPinned || shared) return
  spawnSync(taskset!, ['--all-tasks', '--cpu-list', '--pid', String(CORE_OF.load), String(process.pid)])
}

export function describePinning(): string {
  if (shared) return `proxy, load and origin share all ${cores} cores`
  if (isPinned) return `proxy on core 0, load on core 1, origin on core ${CORE_OF.origin}`
  const reason = cores < 2 ? 'this machine has one core' : 'taskset is not installed'
  return `NOT PINNED (${reason}): proxies, load and origin compete for the same cores`
}
