// The health checks of one balancer, judged by the product's own hysteresis. A check costs a server nothing and takes a
// way there and back; one that is not answered is over at its time-out.

import { Hysteresis } from '../balance/hysteresis.ts'
import type { HealthCheckConfig } from '../config/config.ts'
import { DOWN, type ServerTable, UP } from '../shared/server-table.ts'
import type { ServerView } from './simulated-balancer.ts'
import type { World } from './world.ts'

class Watch {
  readonly view: ServerView
  readonly state: Hysteresis
  /** Counts what the balancer did meanwhile, so that a check that is under way does not speak of an earlier time. */
  round = 0

  constructor(view: ServerView, state: Hysteresis) {
    this.view = view
    this.state = state
  }
}

export class HealthChecks {
  private readonly world: World
  private readonly table: ServerTable
  private readonly config: HealthCheckConfig
  private readonly random: () => number
  private readonly changed: () => void
  /** By slot. */
  private readonly watches: readonly Watch[]

  constructor(
    world: World,
    table: ServerTable,
    views: readonly ServerView[],
    config: HealthCheckConfig,
    random: () => number,
    changed: () => void,
  ) {
    this.world = world
    this.table = table
    this.config = config
    this.random = random
    this.changed = changed
    this.watches = views.map((view) => new Watch(view, new Hysteresis(config, true, true)))
    // The balancer has been there for a while: its checks are anywhere in their intervals.
    if (config.kind !== 'off') for (const watch of this.watches) this.plan(watch, random() * config.interval)
  }

  /** The balancer has taken a server down by itself: from now on it is checked at the fast interval. */
  takenDown(view: ServerView): void {
    const watch = this.watches[view.slot]!
    watch.state.set(false, true)
    this.planNext(watch)
  }

  private planNext(watch: Watch): void {
    const { interval, interval_down, jitter, kind } = this.config
    const { up } = watch.state
    // Without checks of its own, a server is only asked while it is down.
    if (kind === 'off' && up) return
    this.plan(watch, (up ? interval : interval_down) * (1 + jitter * (2 * this.random() - 1)))
  }

  private plan(watch: Watch, millis: number): void {
    const round = ++watch.round
    this.world.clock.after(millis, () => {
      if (watch.round === round) this.check(watch)
    })
  }

  private check(watch: Watch): void {
    const { world } = this
    const { round } = watch
    const { server } = watch.view
    world.clock.after(world.network, () => {
      const ok = !server.isDown && !server.failsChecks
      const wait = server.hangs ? this.config.timeout : world.network
      const answer = ok && !server.hangs
      world.clock.after(wait, () => {
        if (watch.round === round) this.judge(watch, answer)
      })
    })
  }

  private judge(watch: Watch, ok: boolean): void {
    const { slot } = watch.view
    if (watch.state.add(ok)) {
      if (ok) this.table.clearConnectFailures(slot)
      this.table.setHealth(slot, ok ? UP : DOWN)
      this.changed()
    }
    this.planNext(watch)
  }
}
