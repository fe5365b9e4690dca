// Servers that were seen going idle, the longest idle first (join-idle-queue: Lu et al., Performance 2011). Among thousands of
// servers a few draws seldom meet an idle one; this knows some without looking. Each worker has its own, of what it saw.
import { NONE } from '../seams/strategy.ts'

export class IdleQueue {
  private readonly ring: Int32Array
  private readonly waiting: Uint8Array
  private first = 0
  private length = 0

  constructor(count: number) {
    this.ring = new Int32Array(count)
    this.waiting = new Uint8Array(count)
  }

  add(position: number): void {
    if (this.waiting[position] === 1) return
    this.waiting[position] = 1
    let end = this.first + this.length
    if (end >= this.ring.length) end -= this.ring.length
    this.ring[end] = position
    this.length++
  }

  /** NONE when nothing waits. Whether the server is still idle is to be looked at. */
  take(): number {
    if (this.length === 0) return NONE
    const position = this.ring[this.first]!
    this.first = this.first + 1 === this.ring.length ? 0 : this.first + 1
    this.length--
    this.waiting[position] = 0
    return position
  }
}
