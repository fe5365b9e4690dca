// Draws servers at random by weight, in constant time however many there are. Of two draws the second is never the same
// unit of weight as the first: servers of equal weight are then never drawn twice, and those of other weights keep, over all
// pairs, exactly their share (drawing two different servers would give the light ones more).
import type { WeightedSequence } from '../base/weighted-sequence.ts'
import { NONE, type PickExchange } from '../seams/strategy.ts'
import { firstAllowed } from './first-allowed.ts'

/** Draws before the list is walked. More than a few are needed only where most servers are excluded. */
const DRAWS = 8

export class Sampler {
  private readonly sequence: WeightedSequence
  /** That of the sequence. Read through it, where there are short and long ones, V8 would put it on the heap each time. */
  private readonly length: number
  private readonly count: number
  private readonly random: () => number
  private last = 0

  constructor(sequence: WeightedSequence, count: number, random: () => number) {
    this.sequence = sequence
    this.length = sequence.length
    this.count = count
    this.random = random
  }

  draw(): number {
    this.last = Math.floor(this.random() * this.length)
    // With a sign, as all 32-bit numbers here: V8 does not put such a one on the heap.
    return this.sequence.at(this.last | 0)
  }

  /** Another unit of weight than that of the last `draw`. */
  drawOther(): number {
    const { length } = this
    if (length === 1) return this.sequence.at(0)
    const step = Math.floor(this.random() * (length - 1))
    return this.sequence.at((step >= this.last ? step + 1 : step) | 0)
  }

  /** One that the exchange does not exclude; NONE when there is none. */
  drawAllowed(exchange: PickExchange): number {
    for (let draws = 0; draws < DRAWS; draws++) {
      const position = this.draw()
      if (!exchange.excludes(position)) return position
    }
    return firstAllowed(exchange, this.count, Math.floor(this.random() * this.count))
  }

  /** Another unit than that of the last draw, not excluded; NONE when a few draws meet none. */
  drawOtherAllowed(exchange: PickExchange): number {
    for (let draws = 0; draws < DRAWS; draws++) {
      const position = this.drawOther()
      if (!exchange.excludes(position)) return position
    }
    return NONE
  }
}
