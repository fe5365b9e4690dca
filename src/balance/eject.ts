// Ejection: a server is left out for a while, within a cap, and never the last one.
import { BAR, type ServerTable } from '../shared/server-table.ts'
import type { Standing } from '../shared/standing.ts'

/** How many of so many servers may be ejected at a time: a share, but one at least, unless the share is 0. */
function ejectionCap(servers: number, share: number): number {
  return share === 0 ? 0 : Math.max(1, Math.floor(servers * share))
}

/**
 * Ejects a server of an upstream, whose slots are given; false when it is ejected already, the cap is reached, no other
 * server could be picked, or another thread is just deciding. Exact over all threads.
 */
export function eject(
  table: ServerTable,
  standing: Standing,
  slots: readonly number[],
  slot: number,
  share: number,
): boolean {
  let done = false
  table.decide(() => {
    let ejected = 0
    let left = 0
    for (const other of slots) {
      if ((table.bars(other) & BAR.ejected) !== 0) ejected++
      if (other !== slot && table.pickable(other)) left++
    }
    if (left === 0 || ejected >= ejectionCap(slots.length, share)) return
    done = table.bar(slot, BAR.ejected)
    if (done) standing.countEjection(slot)
  })
  return done
}
