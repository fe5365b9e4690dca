// A server: so many slots, a queue in front of them, and what can be wrong with it. It does not know who asks.
import { FAILURES } from '../seams/failures.ts'
import type { Attempt } from './attempt.ts'
import { LatencyByLoad } from './latency-by-load.ts'
import { EVENT, type World } from './world.ts'

/** How long it takes a server to say that it has failed. */
const ERROR_MILLIS = 0.5

export interface ServerTraits {
  readonly slots: number
  readonly speed: number
  readonly heedsCancel: boolean
}

export class SimulatedServer {
  /** From 1. */
  readonly number: number
  readonly slots: number
  readonly speed: number
  /** It drops a request that its balancer has given up, when it is its turn. */
  private readonly heedsCancel: boolean
  /** Waiting or at work here, from all balancers. */
  inFlight = 0
  /** Faults that are on now. */
  isDown = false
  hangs = false
  slowness = 1
  errorShare = 0
  failsChecks = false
  /** What it tells probes about itself; it does not keep account of that before the first one asks. */
  private latency: LatencyByLoad | null = null
  private busy = 0
  private first: Attempt | null = null
  private last: Attempt | null = null
  /** Work that was done while it hung, to be answered when it goes on. */
  private stuck: Attempt[] = []
  private readonly world: World
  private readonly random: () => number

  constructor(number: number, traits: ServerTraits, world: World, random: () => number) {
    this.number = number
    this.slots = traits.slots
    this.speed = traits.speed
    this.heedsCancel = traits.heedsCancel
    this.world = world
    this.random = random
  }

  /** An attempt has come. */
  arrive(attempt: Attempt): void {
    const { world } = this
    if (this.isDown) {
      attempt.failure = FAILURES.connectRefused
      world.answer(attempt, world.network)
      return
    }
    if (this.errorShare > 0 && !this.hangs && this.random() < this.errorShare) {
      attempt.isError = true
      world.answer(attempt, ERROR_MILLIS + world.network)
      return
    }
    attempt.atServer = true
    attempt.loadBefore = this.inFlight++
    attempt.arrivedAt = world.clock.now
    world.statistics.loaded(this.number, this.inFlight)
    if (this.busy < this.slots && !this.hangs) this.start(attempt)
    else this.enqueue(attempt)
  }

  /** The work on an attempt is done. */
  served(attempt: Attempt): void {
    // It went down meanwhile.
    if (!attempt.atServer) return
    if (this.hangs) {
      this.stuck.push(attempt)
      return
    }
    const { world } = this
    attempt.atServer = false
    this.busy--
    this.inFlight--
    if (this.latency !== null) this.latency.add(attempt.loadBefore, world.clock.now - attempt.arrivedAt)
    world.answer(attempt, world.network)
    this.startNext()
  }

  /** Milliseconds that a request which comes now has to expect, as it says itself. */
  expectedLatency(): number {
    this.latency ??= new LatencyByLoad()
    return this.latency.estimate(this.inFlight)
  }

  /** Refuses connections from now on, and breaks off what it has. */
  goDown(all: readonly Attempt[]): void {
    this.isDown = true
    this.stuck = []
    this.first = null
    this.last = null
    this.busy = 0
    this.inFlight = 0
    for (const attempt of all) {
      if (!attempt.atServer || attempt.view.server !== this) continue
      attempt.atServer = false
      attempt.next = null
      attempt.failure = FAILURES.closedEarly
      this.world.answer(attempt, this.world.network)
    }
  }

  /** Goes on where it was. */
  goOn(): void {
    this.hangs = false
    for (const attempt of this.stuck.splice(0)) this.served(attempt)
    this.startNext()
  }

  private startNext(): void {
    while (this.busy < this.slots) {
      const attempt = this.dequeue()
      if (attempt === null) return
      if (this.heedsCancel && attempt.exchange === null) this.drop(attempt)
      else this.start(attempt)
    }
  }

  private drop(attempt: Attempt): void {
    attempt.atServer = false
    this.inFlight--
    this.world.attempts.letGo(attempt)
  }

  private start(attempt: Attempt): void {
    const { clock } = this.world
    this.busy++
    attempt.events++
    const millis = (attempt.demand * this.slowness) / this.speed
    clock.plan(clock.now + millis, EVENT.served, attempt.record)
  }

  private enqueue(attempt: Attempt): void {
    attempt.next = null
    if (this.last === null) this.first = attempt
    else this.last.next = attempt
    this.last = attempt
  }

  private dequeue(): Attempt | null {
    const attempt = this.first
    if (attempt === null) return null
    this.first = attempt.next
    if (this.first === null) this.last = null
    attempt.next = null
    return attempt
  }
}
