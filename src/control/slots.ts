// Gives each server and upstream its place in shared memory. A server keeps its slot for as long as it is in the config,
// so its counts survive every reload; a slot that was left is cleared before someone else gets it.
import type { Config } from '../config/config.ts'
import { type Slots, serverKey } from '../plan/plan.ts'
import type { Counters } from '../shared/counters.ts'
import { DRAINING, type ServerTable, UP } from '../shared/server-table.ts'

export class SlotKeeper {
  private readonly table: ServerTable
  private readonly counters: readonly Counters[]
  private readonly turnCapacity: number
  private servers = new Map<string, number>()
  private turns = new Map<string, number>()
  /** Slots of servers that have left, in the order in which they did, with the first config without them. */
  private readonly left: { readonly slot: number; readonly generation: number }[] = []
  private nextSlot = 0

  constructor(table: ServerTable, counters: readonly Counters[], turnCapacity: number) {
    this.table = table
    this.counters = counters
    this.turnCapacity = turnCapacity
  }

  /**
   * The slots for the config of this generation. Servers that are not in it any more are drained; their slots are free
   * once no exchange is in flight and all workers have `installed` a config without them. Throws when there is no room.
   */
  assign(config: Config, generation: number, installed: number): Slots {
    const servers = new Map<string, number>()
    const wanted = config.upstreams.flatMap((upstream) =>
      upstream.servers.map((server) => serverKey(upstream.name, server.url)),
    )
    for (const key of wanted) {
      const slot = this.servers.get(key)
      if (slot !== undefined) servers.set(key, slot)
    }
    for (const [key, slot] of this.servers) {
      if (servers.has(key)) continue
      this.table.setHealth(slot, DRAINING)
      this.left.push({ slot, generation })
    }
    for (const key of wanted) if (!servers.has(key)) servers.set(key, this.take(generation, installed))
    this.servers = servers
    for (const upstream of config.upstreams) {
      if (this.turns.has(upstream.name)) continue
      if (this.turns.size >= this.turnCapacity) throw tooMany('upstreams', this.turnCapacity)
      this.turns.set(upstream.name, this.turns.size)
    }
    return { servers: Object.fromEntries(servers), turns: Object.fromEntries(this.turns) }
  }

  private take(generation: number, installed: number): number {
    const index = this.left.findIndex(
      ({ slot, generation }) => generation <= installed && this.table.inFlight(slot) === 0,
    )
    if (this.nextSlot < this.table.capacity && (index < 0 || this.left.length < 64)) {
      const slot = this.nextSlot++
      this.table.setHealth(slot, UP)
      // All servers of the first config begin together; one that joins them later begins as one that comes back.
      if (generation > 1) this.table.markUp(slot)
      return slot
    }
    if (index < 0) throw tooMany('servers', this.table.capacity)
    const { slot } = this.left[index]!
    this.left.splice(index, 1)
    this.table.reset(slot)
    this.table.markUp(slot)
    for (const counters of this.counters) counters.resetServer(slot)
    return slot
  }
}

function tooMany(what: string, capacity: number): Error {
  return Object.assign(new Error(`no room for more than ${capacity} ${what}`), { code: 'OCTOLOAD_CAPACITY' })
}
