// Sets the limits of the upstreams in shared memory: those of the config, and those that are found out from how long servers take.
import { GradientLimit, TICK_MS } from '../balance/gradient-limit.ts'
import type { UpstreamConfig } from '../config/config.ts'
import { type Gates, UNLIMITED } from '../shared/gates.ts'
import type { UpstreamSamples } from '../shared/upstream-samples.ts'
import { type MonitorClock, systemClock } from './monitor-clock.ts'

/** No upstream takes more at a time, whatever was found out. */
const MOST = 100_000

/** An upstream whose limit is found out. */
interface Adaptive {
  readonly turn: number
  readonly limit: GradientLimit
  /** By worker, how many latencies were read. */
  readonly read: number[]
}

export class LimitKeeper {
  private readonly gates: Gates
  private readonly samples: readonly UpstreamSamples[]
  private readonly clock: MonitorClock
  private readonly random: () => number
  private readonly latencies: number[] = []
  /** By number. */
  private adaptive = new Map<number, Adaptive>()
  private cancelTimer: (() => void) | null = null

  constructor(gates: Gates, samples: readonly UpstreamSamples[], clock = systemClock, random = Math.random) {
    this.gates = gates
    this.samples = samples
    this.clock = clock
    this.random = random
  }

  /** Goes by these upstreams from now on; `turns` has their numbers by name. What was found out stays. */
  set(upstreams: readonly UpstreamConfig[], turns: Readonly<Record<string, number>>): void {
    const adaptive = new Map<number, Adaptive>()
    for (const { name, max_active, concurrency } of upstreams) {
      const turn = turns[name]!
      if (concurrency === 'adaptive') {
        const one = this.adaptive.get(turn) ?? this.begin(turn)
        one.limit.setMost(max_active === 0 ? MOST : max_active)
        adaptive.set(turn, one)
        this.gates.setLimit(turn, one.limit.limit)
      } else this.gates.setLimit(turn, max_active === 0 ? UNLIMITED : max_active)
    }
    this.adaptive = adaptive
    this.cancelTimer ??= this.schedule()
  }

  stop(): void {
    this.cancelTimer?.()
    this.cancelTimer = null
  }

  private begin(turn: number): Adaptive {
    const read = this.samples.map((block) => block.latencies(turn))
    return { turn, limit: new GradientLimit(MOST, this.random), read }
  }

  private schedule(): (() => void) | null {
    if (this.adaptive.size === 0) return null
    return this.clock.after(TICK_MS, () => {
      for (const one of this.adaptive.values()) this.look(one)
      this.cancelTimer = this.schedule()
    })
  }

  private look({ turn, limit, read }: Adaptive): void {
    const { latencies, gates } = this
    latencies.length = 0
    for (const [worker, block] of this.samples.entries()) {
      block.latenciesSince(turn, read[worker]!, latencies)
      read[worker] = block.latencies(turn)
    }
    limit.look(this.clock.now(), latencies, gates.active(turn))
    if (limit.limit !== gates.limit(turn)) gates.setLimit(turn, limit.limit)
  }
}
