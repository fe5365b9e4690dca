// How many cores this process may use. Node counts the cores that affinity leaves (`taskset`), and of the quotas of
// control groups (containers, systemd's CPUQuota) only some: libuv misses those of version 1 whose cpu controller is
// mounted alone, for one. So quotas are read here; a part of a core is not one, but there is always one.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { posix } from 'node:path'

/** Returns the text of a file, or null when it cannot be read. */
export type ReadText = (path: string) => string | null

/** At least 1. */
export function availableCores(): number {
  return Math.min(availableParallelism(), coresOfQuota(readText))
}

/** The whole cores that the quotas of our control group and those above it allow, at least 1; Infinity without any. */
export function coresOfQuota(read: ReadText): number {
  const quotas = (read('/proc/self/cgroup') ?? '').split('\n').flatMap((line) => {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (controllers === '') return upwards(path).map((group) => quotaOf(read(`/sys/fs/cgroup${group}/cpu.max`)))
    if (!controllers.split(',').includes('cpu')) return []
    return upwards(path).map((group) => {
      const folder = `/sys/fs/cgroup/${controllers}${group}`
      return quotaOf(`${read(`${folder}/cpu.cfs_quota_us`)} ${read(`${folder}/cpu.cfs_period_us`)}`)
    })
  })
  return Math.max(1, Math.floor(Math.min(...quotas)))
}

/** A group and all above it: within a container its own group is mounted as the topmost one. */
function upwards(path: string): string[] {
  const groups = ['']
  for (let group = path; group !== '/' && group !== '.'; group = posix.dirname(group)) groups.push(group)
  return groups
}

/** Cores in `QUOTA PERIOD`, both in microseconds; Infinity for `max`, -1, or what cannot be read. */
function quotaOf(text: string | null): number {
  const [quota, period] = (text ?? '').trim().split(/\s+/).map(Number)
  const cores = quota! / period!
  return cores > 0 ? cores : Number.POSITIVE_INFINITY
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
