// The health monitor under a clock of our own with probes that answer on command; at the end, real servers that die.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { serverConfig } from '../../test/support/server-config.ts'
import type { HealthCheckConfig } from '../config/config.ts'
import { startDemoServer } from '../demo/demo-server.ts'
import type { HealthCheck, ProbeResult } from '../seams/health-check.ts'
import { DOWN, DRAINING, ServerTable, UP } from '../shared/server-table.ts'
import { type HealthChange, HealthMonitor, type HealthMonitorOptions, type WatchedServer } from './health-monitor.ts'
import type { MonitorClock } from './monitor-clock.ts'

const CHECK: HealthCheckConfig = {
  kind: 'http',
  interval: 1000,
  interval_down: 100,
  timeout: 50,
  jitter: 0,
  rise: 1,
  fall: 1,
  initial: 'up',
  method: 'GET',
  path: '/',
  headers: {},
  port: 0,
  statuses: [{ from: 200, to: 200 }],
  body_contains: '',
}
const GOOD: ProbeResult = { ok: true, detail: 'status 200 in 1 ms' }
const BAD: ProbeResult = { ok: false, detail: 'connection refused' }

function entry(
  slot: number,
  check: Partial<HealthCheckConfig> = {},
  upstream = 'main',
  port = 8001 + slot,
): WatchedServer {
  const server = serverConfig('s', port)
  return { slot, upstream, server, check: { ...CHECK, ...check }, passive: { connect_failures: 3 } }
}

/** Time passes only in `pass`, timer by timer, and everything that a timer sets off is done before the next one. */
class FakeClock implements MonitorClock {
  private time = 0
  private readonly timers = new Map<object, { at: number; run: () => void }>()

  now(): number {
    return this.time
  }

  after(millis: number, run: () => void): () => void {
    const key = {}
    this.timers.set(key, { at: this.time + millis, run })
    return () => this.timers.delete(key)
  }

  get pending(): number {
    return this.timers.size
  }

  async pass(millis: number): Promise<void> {
    const end = this.time + millis
    await settled()
    for (;;) {
      const [next] = [...this.timers].sort(([, a], [, b]) => a.at - b.at)
      if (next === undefined || next[1].at > end) break
      this.timers.delete(next[0])
      this.time = next[1].at
      next[1].run()
      await settled()
    }
    this.time = end
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

interface Asked {
  kind: string
  port: number
  at: number
  aborted: boolean
  answer(result: ProbeResult): void
}

class Bench {
  readonly clock = new FakeClock()
  readonly table = new ServerTable(256)
  readonly changes: HealthChange[] = []
  /** Every probe so far. */
  readonly asked: Asked[] = []
  /** What a probe answers at once; with null it hangs until it is answered by hand or aborted. */
  reply: ProbeResult | null = GOOD
  atOnce = 0
  mostAtOnce = 0
  readonly monitor: HealthMonitor

  constructor(t: TestContext, options: Partial<HealthMonitorOptions> = {}) {
    this.monitor = new HealthMonitor({
      table: this.table,
      clock: this.clock,
      random: () => 0.5,
      checks: { http: this.fakeCheck('http'), tcp: this.fakeCheck('tcp') },
      onChange: (change) => this.changes.push(change),
      ...options,
    })
    t.after(() => this.monitor.stop())
  }

  private fakeCheck(kind: string): HealthCheck {
    return {
      kind,
      summary: '',
      make: () => async (server, signal) => {
        this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce)
        const { promise, resolve } = Promise.withResolvers<ProbeResult>()
        const asked: Asked = { kind, port: server.port, at: this.clock.now(), aborted: false, answer: resolve }
        signal.addEventListener('abort', () => {
          asked.aborted = true
          resolve({ ok: false, detail: 'no answer within 50 ms' })
        })
        this.asked.push(asked)
        if (this.reply !== null) resolve(this.reply)
        const result = await promise
        this.atOnce--
        return result
      },
    }
  }

  /** When probes started, since the last call. */
  times(): number[] {
    return this.asked.splice(0).map(({ at }) => at)
  }

  /** The changes since the last call, as `down connection refused`. */
  news(): string[] {
    return this.changes.splice(0).map(({ health, reason }) => `${health === UP ? 'up' : 'down'} ${reason}`)
  }
}

test('checks each server at once, then at the interval', async (t) => {
  const bench = new Bench(t)
  bench.monitor.watch([entry(0), entry(1)])
  await bench.clock.pass(3500)
  assert.deepEqual(bench.times(), [0, 0, 1000, 1000, 2000, 2000, 3000, 3000])
  assert.deepEqual(bench.news(), [])
  assert.equal(bench.table.health(0), UP)
})

test('goes over to the fast interval while a server is down, and back', async (t) => {
  const bench = new Bench(t)
  bench.reply = BAD
  bench.monitor.watch([entry(0)])
  await bench.clock.pass(250)
  bench.reply = GOOD
  await bench.clock.pass(2000)
  assert.deepEqual(bench.times(), [0, 100, 200, 300, 1300])
})

test('counts the interval from the start of a check, and never checks a server twice at once', async (t) => {
  const bench = new Bench(t)
  bench.reply = null
  bench.monitor.watch([entry(0, { interval_down: 60 }), entry(1, { interval_down: 10 })])
  await bench.clock.pass(199)
  // Each check hangs until the time-out of 50 ms; the next one of server 1 is due before, and waits.
  assert.deepEqual(bench.asked.map(({ port, at }) => `${port} at ${at}`).sort(), [
    '8001 at 0',
    '8001 at 120',
    '8001 at 180',
    '8001 at 60',
    '8002 at 0',
    '8002 at 100',
    '8002 at 150',
    '8002 at 50',
  ])
  assert.equal(bench.mostAtOnce, 2)
})

test('varies each wait by the jitter, within its bounds', async (t) => {
  for (const [random, expected] of [
    [0, 800],
    [0.25, 900],
    [0.5, 1000],
    [0.999999, 1200],
  ] as const) {
    const bench = new Bench(t, { random: () => random })
    bench.monitor.watch([entry(0, { jitter: 0.2 })])
    await bench.clock.pass(1500)
    assert.deepEqual(bench.times().map(Math.round).slice(0, 2), [0, expected])
  }
})

test('a change is reported once, with its reason and what was before', async (t) => {
  const bench = new Bench(t)
  const watched = entry(3, {}, 'shop')
  bench.monitor.watch([watched])
  await bench.clock.pass(10)
  bench.reply = BAD
  await bench.clock.pass(1200)
  bench.reply = { ok: true, detail: 'status 204 in 7 ms' }
  await bench.clock.pass(1200)
  const { server } = watched
  assert.deepEqual(bench.changes, [
    { upstream: 'shop', server, slot: 3, health: DOWN, reason: 'connection refused', previous: UP },
    { upstream: 'shop', server, slot: 3, health: UP, reason: 'status 204 in 7 ms', previous: DOWN },
  ])
})

test('the first check of a server decides alone; there is no state before it', async (t) => {
  const bench = new Bench(t)
  bench.reply = BAD
  bench.monitor.watch([entry(0, { fall: 3 })])
  await bench.clock.pass(1)
  assert.equal(bench.table.health(0), DOWN)
  assert.equal(bench.changes.length, 1)
  assert.ok(!('previous' in bench.changes[0]!))
})

test('falls after `fall` failures in a row and rises after `rise` successes in a row', async (t) => {
  const bench = new Bench(t)
  bench.monitor.watch([entry(0, { rise: 2, fall: 3, interval_down: 1000 })])
  const healths: number[] = []
  for (const result of [GOOD, BAD, BAD, GOOD, BAD, BAD, BAD, GOOD, BAD, GOOD, GOOD]) {
    bench.reply = result
    await bench.clock.pass(healths.length === 0 ? 1 : 1000)
    healths.push(bench.table.health(0))
  }
  assert.deepEqual(healths, [UP, UP, UP, UP, UP, UP, DOWN, DOWN, DOWN, DOWN, UP])
  assert.deepEqual(bench.news(), ['down connection refused', 'up status 200 in 1 ms'])
})

test('a server that is down at first gets no exchanges until its first check has succeeded', async (t) => {
  const bench = new Bench(t)
  bench.reply = null
  bench.monitor.watch([entry(0, { initial: 'down', rise: 5 }), entry(1, { initial: 'up' })])
  assert.equal(bench.table.health(0), DOWN)
  assert.equal(bench.table.health(1), UP)
  await settled()
  bench.asked[0]!.answer(GOOD)
  await settled()
  assert.equal(bench.table.health(0), UP)
  assert.deepEqual(bench.news(), ['up status 200 in 1 ms'])
})

test('a probe that does not answer is aborted at the time-out', async (t) => {
  const bench = new Bench(t)
  bench.reply = null
  bench.monitor.watch([entry(0)])
  await bench.clock.pass(49)
  assert.equal(bench.asked[0]!.aborted, false)
  await bench.clock.pass(1)
  assert.equal(bench.asked[0]!.aborted, true)
  assert.deepEqual(bench.news(), ['down no answer within 50 ms'])
})

test('the same address in two upstreams has two verdicts', async (t) => {
  const bench = new Bench(t)
  bench.reply = null
  bench.monitor.watch([entry(0, {}, 'shop', 8001), entry(1, {}, 'blog', 8001)])
  await settled()
  bench.asked[0]!.answer(BAD)
  bench.asked[1]!.answer(GOOD)
  await settled()
  assert.deepEqual([bench.table.health(0), bench.table.health(1)], [DOWN, UP])
  assert.deepEqual(
    bench.changes.map(({ upstream }) => upstream),
    ['shop'],
  )
})

test('probes at most 64 servers at a time, and all of them in the end', async (t) => {
  const bench = new Bench(t)
  bench.reply = null
  bench.monitor.watch(Array.from({ length: 200 }, (_, slot) => entry(slot)))
  await settled()
  assert.equal(bench.asked.length, 64)
  bench.asked[10]!.answer(GOOD)
  await settled()
  assert.equal(bench.asked.length, 65)
  let done = false
  bench.monitor.firstRound.then(() => {
    done = true
  })
  for (let at = 0; at < 199; at++) {
    bench.asked[at]!.answer(GOOD)
    await settled()
  }
  assert.equal(done, false)
  bench.asked[199]!.answer(GOOD)
  await bench.monitor.firstRound
  assert.equal(bench.mostAtOnce, 64)
  assert.equal(new Set(bench.asked.map(({ port }) => port)).size, 200)
})

test('a new set keeps the state and the timers of servers that stay', async (t) => {
  const bench = new Bench(t)
  bench.monitor.watch([entry(0, { fall: 3 }), entry(1)])
  await bench.clock.pass(10)
  bench.reply = BAD
  await bench.clock.pass(2000)
  bench.times()
  bench.news()
  // Two failures so far; a weight is no reason to begin anew.
  const heavier = entry(0, { fall: 3 })
  heavier.server = { ...heavier.server, weight: 9 }
  bench.monitor.watch([entry(2), heavier])
  await bench.clock.pass(989)
  assert.deepEqual(bench.times(), [2010, 2110, 2210, 2310, 2410, 2510, 2610, 2710, 2810, 2910])
  await bench.clock.pass(1)
  assert.deepEqual(bench.times(), [3000])
  const change = bench.changes.find(({ slot }) => slot === 0)
  assert.equal(change?.health, DOWN)
  assert.equal(change?.server.weight, 9)
})

test('a server that is gone is checked no more, its probe is aborted, and what it says does not count', async (t) => {
  const bench = new Bench(t)
  bench.reply = null
  bench.monitor.watch([entry(0), entry(1)])
  await settled()
  bench.monitor.watch([entry(1)])
  await settled()
  assert.deepEqual(
    bench.asked.map(({ aborted }) => aborted),
    [true, false],
  )
  assert.equal(bench.table.health(0), UP)
  assert.deepEqual(bench.news(), [])
  bench.times()
  bench.reply = GOOD
  await bench.clock.pass(5000)
  assert.ok(bench.asked.length > 3)
  assert.ok(bench.asked.every(({ port }) => port === 8002))
})

test('a new check of a known server starts at once, and leaves it as it is until it has answered', async (t) => {
  const bench = new Bench(t)
  bench.monitor.watch([entry(0)])
  await bench.clock.pass(10)
  bench.times()
  bench.reply = null
  bench.monitor.watch([entry(0, { path: '/health', initial: 'down' })])
  assert.equal(bench.table.health(0), UP)
  await settled()
  assert.deepEqual(bench.times(), [10])
})

test('another server in the same slot begins anew', async (t) => {
  const bench = new Bench(t)
  bench.reply = BAD
  bench.monitor.watch([entry(0)])
  await bench.clock.pass(1)
  bench.table.reset(0)
  bench.monitor.watch([entry(0, { fall: 2 }, 'main', 9001)])
  await bench.clock.pass(1)
  assert.deepEqual(bench.asked.at(-1)?.port, 9001)
  assert.ok(!('previous' in bench.changes.at(-1)!))
})

test('a draining server is left alone, and is as good as new when it is put back', async (t) => {
  const bench = new Bench(t)
  bench.reply = BAD
  bench.table.setHealth(0, DRAINING)
  bench.monitor.watch([entry(0, { initial: 'down', fall: 3 })])
  await bench.monitor.firstRound
  await bench.clock.pass(5000)
  assert.equal(bench.table.health(0), DRAINING)
  assert.deepEqual(bench.times(), [])
  bench.table.setHealth(0, UP)
  await bench.clock.pass(1000)
  assert.deepEqual(bench.news(), ['down connection refused'])
})

test('a verdict that comes when the server has begun to drain is dropped', async (t) => {
  const bench = new Bench(t)
  bench.reply = null
  bench.monitor.watch([entry(0)])
  await settled()
  bench.table.setHealth(0, DRAINING)
  bench.asked[0]!.answer(BAD)
  await settled()
  assert.equal(bench.table.health(0), DRAINING)
  bench.monitor.reportConnectFailures(0, '3 refused connections in a row')
  assert.deepEqual(bench.news(), [])
})

test('refused connections: reported once, checked at the fast interval, and up when a check succeeds', async (t) => {
  const bench = new Bench(t)
  bench.monitor.watch([entry(0)])
  await bench.clock.pass(450)
  bench.times()
  for (let i = 0; i < 3; i++) bench.table.addConnectFailure(0)
  bench.table.setHealth(0, DOWN)
  bench.monitor.reportConnectFailures(0, '3 refused connections in a row')
  bench.monitor.reportConnectFailures(0, '3 refused connections in a row')
  bench.reply = BAD
  await bench.clock.pass(250)
  bench.reply = GOOD
  await bench.clock.pass(100)
  assert.deepEqual(bench.times(), [550, 650, 750])
  assert.deepEqual(bench.news(), ['down 3 refused connections in a row', 'up status 200 in 1 ms'])
  assert.equal(bench.table.health(0), UP)
  assert.equal(bench.table.addConnectFailure(0), 1, 'old failures do not count against it any more')
})

test('refused connections outweigh a probe that began before them', async (t) => {
  const bench = new Bench(t)
  bench.reply = null
  bench.monitor.watch([entry(0)])
  await settled()
  bench.table.setHealth(0, DOWN)
  bench.monitor.reportConnectFailures(0, '3 refused connections in a row')
  assert.equal(bench.asked[0]!.aborted, true)
  await settled()
  assert.equal(bench.table.health(0), DOWN)

  // The same when the probe answers before the report arrives.
  bench.monitor.watch([entry(1)])
  await settled()
  bench.table.setHealth(1, DOWN)
  bench.asked.at(-1)!.answer(GOOD)
  await settled()
  bench.monitor.reportConnectFailures(1, '3 refused connections in a row')
  assert.equal(bench.table.health(1), DOWN)
  assert.deepEqual(bench.news(), ['down 3 refused connections in a row', 'down connections refused'])
  bench.reply = GOOD
  await bench.clock.pass(100)
  assert.deepEqual(bench.news(), ['up status 200 in 1 ms'])
})

test('a report that comes after a check has brought the server back, or for a slot unknown, changes nothing', async (t) => {
  const bench = new Bench(t)
  bench.monitor.watch([entry(0)])
  await bench.clock.pass(1)
  bench.monitor.reportConnectFailures(0, 'late')
  bench.monitor.reportConnectFailures(99, 'unknown')
  assert.deepEqual(bench.news(), [])
  assert.equal(bench.table.health(0), UP)
})

test('without checks a server is never asked, but after refused connections a TCP connect brings it back', async (t) => {
  const bench = new Bench(t)
  bench.monitor.watch([entry(0, { kind: 'off', initial: 'down' })])
  await bench.monitor.firstRound
  await bench.clock.pass(5000)
  assert.deepEqual(bench.times(), [])
  assert.equal(bench.table.health(0), UP)

  bench.reply = BAD
  bench.table.setHealth(0, DOWN)
  bench.monitor.reportConnectFailures(0, '3 refused connections in a row')
  await bench.clock.pass(150)
  bench.reply = { ok: true, detail: 'connected in 1 ms' }
  await bench.clock.pass(5000)
  assert.ok(bench.asked.every(({ kind }) => kind === 'tcp'))
  assert.deepEqual(bench.times(), [5100, 5200])
  assert.deepEqual(bench.news(), ['down 3 refused connections in a row', 'up connected in 1 ms'])
})

test('turning checks off frees a server that they had taken down, once it accepts connections', async (t) => {
  const bench = new Bench(t)
  bench.reply = BAD
  bench.monitor.watch([entry(0)])
  await bench.clock.pass(1)
  bench.reply = GOOD
  bench.monitor.watch([entry(0, { kind: 'off' })])
  await bench.monitor.firstRound
  assert.equal(bench.asked.at(-1)!.kind, 'tcp')
  assert.equal(bench.table.health(0), UP)
  bench.times()
  await bench.clock.pass(5000)
  assert.deepEqual(bench.times(), [])
})

test('the first round is over when every server was checked or is gone', async (t) => {
  const bench = new Bench(t)
  bench.reply = null
  let rounds = 0
  const count = (): void => {
    rounds++
  }
  bench.monitor.firstRound.then(count)
  bench.monitor.watch([entry(0), entry(1), entry(2, { kind: 'off' })])
  await settled()
  bench.asked[0]!.answer(GOOD)
  await settled()
  assert.equal(rounds, 0)
  bench.monitor.watch([entry(0)])
  await settled()
  assert.equal(rounds, 1)

  bench.monitor.watch([entry(0), entry(3)])
  bench.monitor.firstRound.then(count)
  await settled()
  assert.equal(rounds, 1)
  bench.asked.at(-1)!.answer(BAD)
  await settled()
  assert.equal(rounds, 2)
  bench.monitor.watch([])
  await bench.monitor.firstRound
})

test('stopping aborts what is under way, leaves no timer, and reports nothing any more', async (t) => {
  const bench = new Bench(t)
  bench.reply = null
  bench.monitor.watch(Array.from({ length: 70 }, (_, slot) => entry(slot)))
  await settled()
  await bench.monitor.stop()
  await bench.monitor.firstRound
  assert.equal(bench.asked.length, 64)
  assert.ok(bench.asked.every(({ aborted }) => aborted))
  assert.equal(bench.clock.pending, 0)
  assert.deepEqual(bench.news(), [])
})

test('a real server: killed, found down; started again, found up; sick, found down', { timeout: 20_000 }, async (t) => {
  const table = new ServerTable(2)
  const changes: HealthChange[] = []
  let onNext: (change: HealthChange) => void = () => {}
  const monitor = new HealthMonitor({
    table,
    onChange: (change) => {
      changes.push(change)
      onNext(change)
    },
  })
  t.after(() => monitor.stop())
  const nextChange = (): Promise<HealthChange> =>
    new Promise((resolve) => {
      onNext = resolve
    })

  let demo = await startDemoServer({ id: 1, port: 0 })
  t.after(() => demo.close())
  const { port } = demo
  const server = serverConfig('localhost', port)
  const check = { ...CHECK, interval: 20, interval_down: 10, timeout: 5000, path: '/health' }
  monitor.watch([
    { slot: 0, upstream: 'main', server, check, passive: { connect_failures: 3 } },
    { slot: 1, upstream: 'other', server, check: { ...check, kind: 'tcp' }, passive: { connect_failures: 3 } },
  ])
  await monitor.firstRound
  assert.deepEqual([table.health(0), table.health(1)], [UP, UP])
  assert.deepEqual(changes, [])

  await demo.close()
  while (changes.length < 2) await nextChange()
  // A probe that was under way when the server went may see its connection break off.
  for (const { health, reason } of changes.splice(0)) {
    assert.equal(health, DOWN)
    assert.match(reason, /^connection (refused|reset|closed without an answer)$/)
  }
  assert.deepEqual([table.health(0), table.health(1)], [DOWN, DOWN])

  demo = await startDemoServer({ id: 1, port })
  while (changes.length < 2) await nextChange()
  for (const { health } of changes.splice(0)) assert.equal(health, UP)
  assert.deepEqual([table.health(0), table.health(1)], [UP, UP])

  const sick = nextChange()
  await fetch(`${demo.url}/sick`, { method: 'POST' })
  assert.equal((await sick).reason, 'status 503, expected 200')
  assert.deepEqual([table.health(0), table.health(1)], [DOWN, UP], 'it still accepts connections')
})
