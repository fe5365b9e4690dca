// The server with the lowest score. Servers that are level take turns as in round robin, weights included
// (base/smooth-sequence.ts), so that idle servers are used alike and a burst does not fall on the first of the list. The turn
// goes on behind the server that was chosen: one that is passed over because it is busy does not leave its turns to its
// neighbour.
//
// Up to a number of servers every one is looked at. With more that would cost too much for each pick; then it is the best of
// the server whose turn it is, one that was seen going idle, and a few drawn by weight. While many are idle the turn alone
// finds one, while few are the queue of the idle does, and while none is, the best of nine is close to the best of all: the
// gain from further draws falls off quickly (Mitzenmacher 2001).
import type { WeightedSequence } from '../base/weighted-sequence.ts'
import { NONE, type PickableServers, type PickExchange, type StrategyTools, type Turn } from '../seams/strategy.ts'
import { firstAllowed } from './first-allowed.ts'
import { IdleQueue } from './idle-queue.ts'
import { Sampler } from './sampler.ts'
import type { Scores } from './scores.ts'
import { sequenceOf } from './weights.ts'

const DRAWS = 8
/** Entries of the queue that a pick looks at: others may have become busy since. */
const IDLE_LOOKS = 4
/** Scores of level servers may differ by what floating point makes of them. */
const LEVEL = 1e-9

export class Least {
  private readonly servers: PickableServers
  private readonly scores: Scores
  private readonly sequence: WeightedSequence
  private readonly turn: Turn
  private readonly sampler: Sampler
  private readonly idle: IdleQueue | null
  /** That of the sequence. */
  private readonly length: number
  /** Among many, turns are taken all over the list, so that its head is not ahead of its tail. */
  private readonly stride: number

  /** Every server is looked at while there are no more than `exactUpTo`. */
  constructor(servers: PickableServers, tools: StrategyTools, scores: Scores, exactUpTo: number) {
    this.servers = servers
    this.scores = scores
    this.sequence = sequenceOf(servers)
    this.turn = tools.turn
    this.sampler = new Sampler(this.sequence, servers.count, tools.random)
    this.idle = servers.count > exactUpTo ? new IdleQueue(servers.count) : null
    this.length = this.sequence.length
    this.stride = strideThrough(this.length)
  }

  pick(exchange: PickExchange): number {
    return this.idle === null ? this.bestOfAll(exchange) : this.bestOfSome(exchange, this.idle)
  }

  /** To be called when an attempt has ended. */
  finished(position: number): void {
    if (this.idle !== null && this.servers.inFlight(position) === 0) this.idle.add(position)
  }

  // In both loops scores are worked out at one place only: V8 then has room to put all of that into the loop.
  private bestOfAll(exchange: PickExchange): number {
    const { scores, sequence, servers } = this
    const { now } = exchange
    const { count } = servers
    const step = this.turn.get()
    let best: number = NONE
    let bestScore = Infinity
    let bestDistance = Infinity
    for (let looks = 0, position = sequence.at(step); looks < count; looks++) {
      const at = position
      position = position + 1 === count ? 0 : position + 1
      const score = scores.score(at, now)
      const level = score >= bestScore * (1 - LEVEL)
      if (score > bestScore * (1 + LEVEL) || (level && bestDistance === 0) || exchange.excludes(at)) continue
      const distance = sequence.distance(at, step)
      if (level && distance > bestDistance) continue
      best = at
      bestScore = score
      bestDistance = distance
      // Idle, and it is its turn: none is better.
      if (score === 0 && distance === 0) break
    }
    if (best !== NONE) this.turn.set(sequence.stepAfter(best, step))
    return best
  }

  private bestOfSome(exchange: PickExchange, idle: IdleQueue): number {
    const { scores, sampler, servers } = this
    const { now } = exchange
    const next = this.sequence.at(this.spread(this.turn.next()))
    let best: number = NONE
    let bestScore = Infinity
    for (let looks = 0; looks < 2 + DRAWS; looks++) {
      const position = looks === 0 ? next : looks === 1 ? this.seenIdle(exchange, idle) : sampler.draw()
      if (position === NONE) continue
      const score = scores.score(position, now)
      if (score < bestScore && !exchange.excludes(position)) {
        best = position
        bestScore = score
        if (score === 0) break
      } else if (looks === 1) idle.add(position)
    }
    return best === NONE ? firstAllowed(exchange, servers.count, next) : best
  }

  /** The step of a turn, a stride away from that of the turn before. */
  private spread(turn: number): number {
    const { length, stride } = this
    return stride === 1 ? turn : ((((turn >>> 0) % length) * stride) % length) | 0
  }

  /** Takes one from the queue that is idle still and not excluded; NONE when a few looks find none. */
  private seenIdle(exchange: PickExchange, idle: IdleQueue): number {
    for (let looks = 0; looks < IDLE_LOOKS; looks++) {
      const position = idle.take()
      if (position === NONE || (this.servers.inFlight(position) === 0 && !exchange.excludes(position))) return position
    }
    return NONE
  }
}

/** A step of about the golden ratio of a round that comes by every turn of it. Golden sequences are spread already. */
function strideThrough(length: number): number {
  if (length >= 2 ** 26) return 1
  let stride = Math.max(1, Math.round(length * 0.618))
  while (divisor(stride, length) !== 1) stride++
  return stride
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b)
}
