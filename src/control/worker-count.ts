// How many workers there shall be: as the config says, or one for each core, but only one where threads cannot share a port.

/** Where several threads can listen on one port (`reusePort` of net.Server). */
const SHARES_PORTS = new Set(['linux', 'freebsd', 'dragonfly', 'sunos', 'aix'])

export function sharesPorts(platform: string): boolean {
  return SHARES_PORTS.has(platform)
}

/** `workers` as in the config, 0: one for each of the `cores`. */
export function workerCount(workers: number, cores: number, platform: string): { count: number; wanted: number } {
  const wanted = workers === 0 ? cores : workers
  return { count: sharesPorts(platform) ? wanted : 1, wanted }
}
