// What a program and all its descendants use, read from /proc (Linux; elsewhere the figures are null).
import { readdirSync, readFileSync } from 'node:fs'

/** CPU time in nanoseconds of all threads of these processes since they started, or null where it cannot be read. */
export function cpuTime(pids: readonly number[]): number | null {
  let total = 0
  for (const pid of pids) {
    for (const thread of list(`/proc/${pid}/task`)) {
      // The first field is the time on a core, counted by the scheduler in nanoseconds; stat has ticks of 10 ms.
      const text = read(`/proc/${pid}/task/${thread}/schedstat`)
      if (text === null) continue
      total += Number(text.split(' ')[0])
    }
  }
  return total > 0 ? total : null
}

/** Resident memory in bytes, summed over the processes, or null where it cannot be read. */
export function residentMemory(pids: readonly number[]): number | null {
  let kibibytes = 0
  for (const pid of pids) {
    kibibytes += Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0)
  }
  return kibibytes > 0 ? kibibytes * 1024 : null
}

/** The process and all its descendants. */
export function processTree(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of list('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid)) continue
    // The name of the program stands in parentheses and may hold anything, so count from the last one.
    const stat = read(`/proc/${pid}/stat`)
    if (stat !== null) parents.set(pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
  }
  const tree = [root]
  for (let i = 0; i < tree.length; i++) {
    for (const [pid, parent] of parents) if (parent === tree[i]) tree.push(pid)
  }
  return tree
}

/** The most files, and so connections, that one process may ever have open. */
export function openFilesLimit(): number {
  const limit = /^Max open files\s+\S+\s+(\S+)/m.exec(read('/proc/self/limits') ?? '')?.[1]
  return limit === undefined ? 10_240 : limit === 'unlimited' ? 1_048_576 : Number(limit)
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
