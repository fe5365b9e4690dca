import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normaliseConfig } from '../config/load.ts'
import type { FileConfig } from '../config/schema.ts'
import { Gates, UNLIMITED } from '../shared/gates.ts'
import { UpstreamSamples } from '../shared/upstream-samples.ts'
import { LimitKeeper } from './limit-keeper.ts'
import type { MonitorClock } from './monitor-clock.ts'

type Upstream = NonNullable<FileConfig['upstreams']>[string]

class Keeper {
  readonly gates = new Gates({ capacity: 4, workers: 2 })
  readonly samples = [new UpstreamSamples(4), new UpstreamSamples(4)]
  readonly keeper: LimitKeeper
  private now = 0
  private run: (() => void) | null = null

  constructor() {
    const clock: MonitorClock = {
      now: () => this.now,
      after: (millis, run) => {
        this.run = () => {
          this.run = null
          this.now += millis
          run()
        }
        return () => {
          this.run = null
        }
      },
    }
    this.keeper = new LimitKeeper(this.gates, this.samples, clock, () => 0.5)
  }

  /** Goes by upstreams `a`, `b`, …, which have the numbers 0, 1, …. */
  set(...upstreams: Omit<Upstream, 'servers'>[]): void {
    const names = ['a', 'b', 'c', 'd']
    const entries = upstreams.map((upstream, index) => [names[index], { servers: ['http://s'], ...upstream }])
    const config = normaliseConfig({ upstreams: Object.fromEntries(entries), routes: [{ upstream: 'a' }] })
    this.keeper.set(config.upstreams, { a: 0, b: 1, c: 2, d: 3 })
  }

  get ticking(): boolean {
    return this.run !== null
  }

  /** Time passes in which exchanges take so long, and all places of the upstream are taken. */
  pass(ticks: number, upstream: number, latency: number): void {
    for (let tick = 0; tick < ticks; tick++) {
      const gate = this.gates.gate(upstream, 1)
      const limit = this.gates.limit(upstream)
      while (limit < UNLIMITED && gate.enter(limit));
      for (const block of this.samples) for (let count = 0; count < 15; count++) block.addLatency(upstream, latency)
      this.run!()
    }
  }
}

test('limits of the config hold at once, and nothing ticks for them', () => {
  const keeper = new Keeper()
  keeper.set({ max_active: 7 }, {})
  assert.deepEqual([keeper.gates.limit(0), keeper.gates.limit(1)], [7, UNLIMITED])
  assert.equal(keeper.ticking, false)
  keeper.set({}, { max_active: 3 })
  assert.deepEqual([keeper.gates.limit(0), keeper.gates.limit(1)], [UNLIMITED, 3])
})

test('an adaptive limit follows the latencies of all workers, up to max_active', () => {
  const keeper = new Keeper()
  keeper.set({ concurrency: 'adaptive', max_active: 50 }, { concurrency: 'adaptive' })
  assert.deepEqual([keeper.gates.limit(0), keeper.gates.limit(1)], [20, 20])
  keeper.pass(10, 0, 10)
  assert.equal(keeper.gates.limit(0), 50)
  keeper.pass(1, 0, 40)
  assert.ok(keeper.gates.limit(0) < 40, `${keeper.gates.limit(0)}`)
  assert.equal(keeper.gates.limit(1), 20, 'the other one has seen nothing')
})

test('what was found out stays when the config changes, and ends with the last adaptive upstream', () => {
  const keeper = new Keeper()
  keeper.set({ concurrency: 'adaptive' })
  keeper.pass(10, 0, 10)
  const found = keeper.gates.limit(0)
  assert.ok(found > 50, `${found}`)
  keeper.set({ concurrency: 'adaptive' }, { max_active: 2 })
  assert.equal(keeper.gates.limit(0), found)
  keeper.set({}, { max_active: 2 })
  keeper.pass(1, 0, 10)
  assert.equal(keeper.ticking, false)
  keeper.set({ concurrency: 'adaptive' })
  assert.equal(keeper.ticking, true)
  keeper.keeper.stop()
  assert.equal(keeper.ticking, false)
})
