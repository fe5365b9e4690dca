import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { availableCores, coresOfQuota } from './available-cores.ts'

function quota(files: Record<string, string>): number {
  return coresOfQuota((path) => files[path] ?? null)
}

test('the quota of a control group of version 2 counts, in whole cores', () => {
  const inGroup = (max: string) =>
    quota({
      '/proc/self/cgroup': '0::/system.slice/lb.service\n',
      '/sys/fs/cgroup/system.slice/lb.service/cpu.max': max,
    })
  assert.equal(inGroup('400000 100000\n'), 4)
  assert.equal(inGroup('250000 100000\n'), 2)
  assert.equal(inGroup('50000 100000\n'), 1)
  assert.equal(inGroup('max 100000\n'), Number.POSITIVE_INFINITY)
})

test('the smallest quota of all groups on the way up counts', () => {
  const files = {
    '/proc/self/cgroup': '0::/a/b/c\n',
    '/sys/fs/cgroup/a/b/c/cpu.max': 'max 100000\n',
    '/sys/fs/cgroup/a/b/cpu.max': '300000 100000\n',
    '/sys/fs/cgroup/a/cpu.max': '800000 100000\n',
  }
  assert.equal(quota(files), 3)
})

test('in a container, where its own group is the topmost one, the quota is found all the same', () => {
  assert.equal(quota({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '200000 100000\n' }), 2)
  const outside = '0::/kubepods/pod1/container1\n'
  assert.equal(quota({ '/proc/self/cgroup': outside, '/sys/fs/cgroup/cpu.max': '200000 100000\n' }), 2)
})

test('the quota of a control group of version 1 counts, wherever its controller is mounted', () => {
  for (const controllers of ['cpu', 'cpu,cpuacct', 'cpuacct,cpu']) {
    const files = {
      '/proc/self/cgroup': `9:name=systemd:/\n4:memory:/x\n3:cpuset:/\n1:${controllers}:/docker/1\n0::/\n`,
      [`/sys/fs/cgroup/${controllers}/docker/1/cpu.cfs_quota_us`]: '150000\n',
      [`/sys/fs/cgroup/${controllers}/docker/1/cpu.cfs_period_us`]: '50000\n',
      [`/sys/fs/cgroup/${controllers}/cpu.cfs_quota_us`]: '-1\n',
      [`/sys/fs/cgroup/${controllers}/cpu.cfs_period_us`]: '100000\n',
    }
    assert.equal(quota(files), 3, controllers)
  }
})

test('without control groups, or with files that say nothing, there is no quota', () => {
  assert.equal(quota({}), Number.POSITIVE_INFINITY)
  assert.equal(quota({ '/proc/self/cgroup': 'nonsense\n0::/a\n', '/sys/fs/cgroup/a/cpu.max': '\n' }), Infinity)
})

test('there is at least one core, and never more than Node knows of', () => {
  const cores = availableCores()
  assert.ok(Number.isInteger(cores) && cores >= 1 && cores <= availableParallelism())
})
