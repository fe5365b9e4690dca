// Gates of several workers in one thread, where a test decides when a worker that was woken looks.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestPool } from '../../test/support/pool.ts'
import { seededRandom } from '../base/random.ts'
import type { FileConfig } from '../config/schema.ts'
import { HIGH, LOW, NORMAL, type Priority } from '../seams/priority.ts'
import { Gates, UNLIMITED } from '../shared/gates.ts'
import { DOWN } from '../shared/server-table.ts'
import { Gate } from './gate.ts'
import { VERDICT, type Verdict } from './verdict.ts'
import type { Applicant, Waiting } from './waiting.ts'

type Server = TestPool['servers'][number]
type Upstream = NonNullable<FileConfig['upstreams']>[string]

class Visitor implements Applicant<Server> {
  readonly name: string
  readonly worker: number
  readonly priority: Priority
  server: Server | null = null
  verdict: Verdict | null = null
  waiting: Waiting<Server> | null = null
  private readonly entered: Visitor[]

  constructor(name: string, worker: number, priority: Priority, entered: Visitor[]) {
    this.name = name
    this.worker = worker
    this.priority = priority
    this.entered = entered
  }

  hasTried(): boolean {
    return false
  }

  key(): string {
    return ''
  }

  admitted(server: Server): void {
    this.waiting = null
    this.server = server
    this.verdict = VERDICT.entered
    this.entered.push(this)
  }

  turnedAway(verdict: Verdict): void {
    this.waiting = null
    this.verdict = verdict
  }
}

class Crew {
  readonly pool: TestPool
  readonly gates: Gates
  readonly workers: Gate<Server>[]
  /** In the order in which they got in. */
  readonly entered: Visitor[] = []
  now = 0
  /** What is to be done soon: looks of workers at their queue. */
  readonly todo: (() => void)[] = []

  constructor(upstream: Upstream, workers = 1, top: Partial<FileConfig> = {}) {
    this.pool = new TestPool(upstream, top)
    this.gates = new Gates({ capacity: 1, workers })
    const { plan } = this.pool.pool
    this.gates.setLimit(0, plan.maxActive || UNLIMITED)
    this.gates.wake = (worker) => this.todo.push(() => this.workers[worker]!.freed())
    this.workers = Array.from({ length: workers }, (_, worker) => {
      const { pool } = worker === 0 ? this.pool : new TestPool(upstream, top, this.pool)
      const defer = (gate: Gate<Server>) => this.todo.push(() => gate.serve(this.now))
      const tools = { shared: this.gates.gate(0, worker), defer, queued: () => {}, latency: null }
      return new Gate(plan, pool, tools)
    })
  }

  come(name: string, worker = 0, priority: Priority = NORMAL): Visitor {
    const visitor = new Visitor(name, worker, priority, this.entered)
    const gate = this.workers[worker]!
    visitor.verdict = gate.enter(visitor, priority, this.now)
    if (visitor.verdict === VERDICT.entered) visitor.admitted(gate.server!)
    if (visitor.verdict === VERDICT.waits) visitor.waiting = gate.waiting
    return visitor
  }

  go({ worker, server }: Visitor): void {
    this.pool.finish(server!.slot)
    this.workers[worker]!.exit()
  }

  /** Everybody looks who is to. */
  settle(random?: () => number): void {
    while (this.todo.length > 0) {
      const next = random === undefined ? 0 : Math.floor(random() * this.todo.length)
      this.todo.splice(next, 1)[0]!()
    }
  }

  get names(): string {
    return this.entered.map(({ name }) => name).join(' ')
  }
}

const ONE = { servers: ['http://s:1'] }
const QUEUE = { length: 100, timeout: '1s' }

test('over all workers the oldest of the highest class is next', () => {
  const crew = new Crew({ ...ONE, max_active: 1, queue: QUEUE }, 3)
  crew.come('inside')
  crew.come('low', 0, LOW)
  crew.come('b', 1)
  crew.come('c', 2)
  crew.come('a', 0)
  crew.come('d', 1)
  crew.come('high', 2, HIGH)
  crew.settle()
  for (let gone = 0; gone < 6; gone++) {
    crew.go(crew.entered[gone]!)
    crew.settle()
  }
  assert.equal(crew.names, 'inside high b c a d low')
})

test('who comes while others wait goes behind them, also when a place is free at that moment', () => {
  const crew = new Crew({ ...ONE, max_active: 1, queue: QUEUE }, 2)
  const inside = crew.come('inside')
  crew.come('first', 1)
  crew.settle()
  crew.go(inside)
  assert.equal(crew.come('second', 0).verdict, VERDICT.waits)
  crew.settle()
  assert.equal(crew.names, 'inside first')
})

test('several places that become free at once are all taken', () => {
  const crew = new Crew({ ...ONE, max_active: 3, queue: QUEUE }, 3)
  const inside = ['1', '2', '3'].map((name) => crew.come(name, 0))
  for (const worker of [1, 2, 1, 2]) crew.come(`w${worker}`, worker)
  crew.settle()
  for (const visitor of inside) crew.go(visitor)
  crew.settle()
  assert.equal(crew.names, '1 2 3 w1 w2 w1')
})

test('a limit that rises lets in those that wait, one that falls none', () => {
  const crew = new Crew({ ...ONE, max_active: 1, queue: QUEUE }, 2)
  const inside = crew.come('a')
  crew.come('b', 1)
  crew.come('c', 0)
  crew.settle()
  crew.gates.setLimit(0, 2)
  crew.settle()
  assert.equal(crew.names, 'a b')
  crew.gates.setLimit(0, 1)
  crew.go(inside)
  crew.settle()
  assert.equal(crew.names, 'a b')
})

test('a place on a server is waited for as well', () => {
  const servers = [
    { url: 'http://s:1', max_active: 1 },
    { url: 'http://s:2', max_active: 1 },
  ]
  const crew = new Crew({ servers, queue: QUEUE }, 2)
  const [a] = [crew.come('a', 0), crew.come('b', 1), crew.come('c', 0), crew.come('d', 1)]
  crew.settle()
  assert.equal(crew.names, 'a b')
  crew.go(a!)
  crew.settle()
  assert.equal(crew.names, 'a b c')
  assert.equal(crew.entered[2]!.server, a!.server)
})

test('a server that comes up takes those that wait; when none is left, all are turned away', () => {
  const servers = [{ url: 'http://s:1', max_active: 1 }, 'http://s:2']
  const crew = new Crew({ servers, queue: QUEUE }, 2)
  crew.pool.table.setHealth(1, DOWN)
  crew.come('a', 0)
  const [b, c] = [crew.come('b', 1), crew.come('c', 0)]
  crew.settle()
  assert.equal(crew.names, 'a')
  crew.pool.table.setHealth(0, DOWN)
  crew.gates.wakeAll()
  crew.settle()
  assert.deepEqual([b!.verdict, c!.verdict], [VERDICT.noServer, VERDICT.noServer])
  assert.equal(crew.come('d', 1).verdict, VERDICT.noServer)
  assert.equal(crew.gates.active(0), 1)
})

test('without a queue there is a verdict at once, and it says why', () => {
  const full = new Crew({ ...ONE, max_active: 1 })
  full.come('a')
  assert.equal(full.come('b').verdict, VERDICT.upstreamFull)
  const servers = new Crew({ servers: [{ url: 'http://s:1', max_active: 1 }], max_active: 9 })
  servers.come('a')
  assert.equal(servers.come('b').verdict, VERDICT.serversFull)
  assert.equal(servers.gates.active(0), 1)
})

const ROUTES = ['high', 'normal', 'low'].map((priority) => ({
  upstream: 'main',
  match: { path_prefix: `/${priority}` },
  priority: priority as 'high',
}))

test('lower priorities may take only a part of the places and of the queue', () => {
  const upstream = { ...ONE, max_active: 4, queue: { length: 4 }, shedding: { normal_share: 0.75, low_share: 0.5 } }
  const crew = new Crew(upstream, 1, { routes: ROUTES })
  const verdicts = (priority: Priority, count: number) =>
    Array.from({ length: count }, () => crew.come('', 0, priority).verdict)
  const { entered, waits, shed, queueFull } = VERDICT
  assert.deepEqual(verdicts(LOW, 5), [entered, entered, waits, waits, shed])
  crew.settle()
  // Those of low priority wait, but not for the places that are kept for others.
  assert.deepEqual(verdicts(NORMAL, 4), [waits, waits, waits, shed])
  crew.settle()
  assert.equal(crew.gates.active(0), 3)
  assert.deepEqual(verdicts(HIGH, 6), [waits, waits, waits, waits, queueFull, queueFull])
  crew.settle()
  assert.equal(crew.gates.active(0), 4)
})

test('where there is no room in the queue, the youngest of the lowest class below gives way, and the order stays', () => {
  const crew = new Crew({ ...ONE, max_active: 1, queue: { length: 4 } })
  crew.come('inside')
  const [low1, low2] = [crew.come('low1', 0, LOW), crew.come('low2', 0, LOW)]
  const [normal3, normal4] = [crew.come('normal3'), crew.come('normal4')]
  const come = (name: string, priority: Priority) => {
    const { verdict } = crew.come(name, 0, priority)
    crew.settle()
    const waiting = [HIGH, NORMAL, LOW].reduce((sum, priority) => sum + crew.gates.waiting(0, priority), 0)
    assert.equal(waiting, 4)
    return verdict
  }
  const { waits, shed, queueFull } = VERDICT
  assert.equal(come('high5', HIGH), waits)
  assert.deepEqual(
    [low1, low2].map(({ verdict }) => verdict),
    [waits, shed],
  )
  assert.equal(come('normal6', NORMAL), waits)
  assert.equal(low1.verdict, shed)
  assert.equal(come('normal7', NORMAL), queueFull, 'nobody of its own class gives way')
  assert.equal(come('low8', LOW), queueFull)
  assert.equal(come('high9', HIGH), waits)
  assert.deepEqual(
    [normal3, normal4].map(({ verdict }) => verdict),
    [waits, waits],
  )
  for (let gone = 0; gone < 5; gone++) {
    crew.go(crew.entered[gone]!)
    crew.settle()
  }
  assert.equal(crew.names, 'inside high5 high9 normal3 normal4')
  assert.deepEqual([crew.gates.active(0), crew.gates.gate(0, 0).waiting], [0, 0])
})

test('only those of the same worker give way, and nobody waits in vain for it', () => {
  const crew = new Crew({ ...ONE, max_active: 1, queue: { length: 3 } }, 2)
  const inside = crew.come('inside')
  const first = crew.come('first', 0, LOW)
  crew.come('second', 1, LOW)
  crew.come('third', 1)
  assert.equal(crew.come('high', 0, HIGH).verdict, VERDICT.waits)
  assert.equal(crew.come('refused', 0, HIGH).verdict, VERDICT.queueFull)
  crew.settle()
  assert.equal(first.verdict, VERDICT.shed)
  crew.go(inside)
  crew.settle()
  for (const gone of [1, 2]) {
    crew.go(crew.entered[gone]!)
    crew.settle()
  }
  assert.equal(crew.names, 'inside high third second')
})

test('who gave way and has left before it was told is not told', () => {
  const crew = new Crew({ ...ONE, max_active: 1, queue: { length: 1 } })
  crew.come('inside')
  const low = crew.come('low', 0, LOW)
  crew.come('high', 0, HIGH)
  crew.workers[0]!.leave(low.waiting!)
  crew.settle()
  assert.equal(low.verdict, VERDICT.waits)
  assert.deepEqual([crew.gates.waiting(0, HIGH), crew.gates.waiting(0, LOW)], [1, 0])
})

test('who has waited too long is turned away, and who leaves is forgotten', () => {
  const crew = new Crew({ ...ONE, max_active: 1, queue: QUEUE }, 2)
  const inside = crew.come('inside')
  const early = crew.come('early')
  crew.now = 600
  const late = crew.come('late')
  const other = crew.come('other', 1)
  assert.equal(crew.workers[0]!.deadline, 1000)
  crew.now = 1000
  crew.workers[0]!.expire(crew.now)
  assert.equal(early.verdict, VERDICT.timedOut)
  assert.equal(late.verdict, VERDICT.waits)
  assert.equal(crew.workers[0]!.deadline, 1600)
  crew.workers[0]!.leave(late.waiting!)
  crew.workers[0]!.leave(early.waiting ?? late.waiting!)
  crew.go(inside)
  crew.settle()
  assert.equal(crew.names, 'inside other')
  assert.equal(other.verdict, VERDICT.entered)
  assert.equal(crew.workers[0]!.deadline, Number.POSITIVE_INFINITY)
})

test('a second place is there for who has one, but not before those that wait', () => {
  const crew = new Crew({ ...ONE, max_active: 3, queue: QUEUE }, 2)
  const [a] = [crew.come('a'), crew.come('b', 1)]
  assert.equal(crew.workers[0]!.enterAgain(), true)
  assert.equal(crew.workers[1]!.enterAgain(), false)
  crew.come('c', 1)
  crew.settle()
  crew.workers[0]!.exit()
  assert.equal(crew.workers[1]!.enterAgain(), false, 'c is next')
  crew.settle()
  assert.equal(crew.names, 'a b c')
  crew.go(a!)
  assert.equal(crew.gates.active(0), 2)
})

test('those that a dead worker had inside and waiting make room for the others', () => {
  const crew = new Crew({ ...ONE, max_active: 2, queue: { length: 3 } }, 2)
  crew.come('dead', 0)
  crew.come('b', 1)
  crew.come('dead too', 0, HIGH)
  crew.come('c', 1)
  crew.come('dead as well', 0)
  assert.equal(crew.come('d', 1).verdict, VERDICT.queueFull)
  crew.settle()
  crew.gates.giveBack(0)
  crew.settle()
  assert.equal(crew.names, 'dead b c')
  assert.deepEqual([crew.gates.active(0), crew.gates.waiting(0, HIGH), crew.gates.waiting(0, NORMAL)], [2, 0, 0])
})

test('whatever happens in whatever order, no limit is passed, nobody is overlooked, and all counts end at zero', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed)
    const below = (count: number) => Math.floor(random() * count)
    const limit = 1 + below(4)
    const servers = [1, 2].map((port) => ({ url: `http://s:${port}`, max_active: 1 + below(3) }))
    const crew = new Crew({ servers, max_active: limit, queue: { length: 6, timeout: '1s' } }, 3, { routes: ROUTES })
    const all: Visitor[] = []
    const inside = () => all.filter(({ verdict }) => verdict === VERDICT.entered)
    const waiting = () => all.filter((visitor) => visitor.waiting !== null)
    const room = servers.reduce((sum, server) => sum + server.max_active, 0)
    for (let step = 0; step < 400; step++) {
      const told = `seed ${seed}, step ${step}`
      crew.now += below(30)
      const dice = below(10)
      if (dice < 4) all.push(crew.come(`${step}`, below(3), below(3) as Priority))
      else if (dice < 7) {
        const gone = inside()[below(inside().length)]
        if (gone !== undefined) {
          all.splice(all.indexOf(gone), 1)
          crew.go(gone)
        }
      } else if (dice === 7) {
        const gone = waiting()[below(waiting().length)]
        if (gone !== undefined) {
          crew.workers[gone.worker]!.leave(gone.waiting!)
          gone.waiting = null
          all.splice(all.indexOf(gone), 1)
        }
      } else if (dice === 8) crew.workers[below(3)]!.expire(crew.now)
      else if (crew.todo.length > 0) crew.todo.splice(below(crew.todo.length), 1)[0]!()
      assert.equal(crew.gates.active(0), inside().length, told)
      assert.ok(inside().length <= Math.min(limit, room), told)
      if (step % 7 !== 0) continue
      crew.settle(random)
      const first = waiting().sort((a, b) => a.priority - b.priority)[0]
      if (first === undefined) continue
      const share = [1, 0.9, 0.5][first.priority]!
      const most = Math.min(Math.ceil(limit * share), room)
      assert.ok(inside().length >= most, `${told}: ${first.name} waits, and a place is free`)
    }
    for (const gone of waiting()) crew.workers[gone.worker]!.leave(gone.waiting!)
    crew.settle(random)
    for (const gone of inside()) crew.go(gone)
    crew.settle(random)
    const counts = [crew.gates.active(0), ...[HIGH, NORMAL, LOW].map((priority) => crew.gates.waiting(0, priority))]
    assert.deepEqual(counts, [0, 0, 0, 0], `seed ${seed}`)
  }
})
