// Failures count as slow. A server that fails at once has nothing in flight and answers quickly; to a picker that looks at
// load or latency it is the best of all, and would draw all traffic to itself (a sinkhole, as the Prequal paper calls it). So
// each server has a factor by which its score counts: 1 as long as all goes well. A failure doubles it, a success halves what
// is above 1, and time lets it fade: a server that failed is tried again after a while with one request, and one that is
// well again has its full share after a few. How far it may rise depends on how busy servers are: to keep traffic away from
// an idle server the factor must beat what the others have in flight.
import { fading } from '../base/fading.ts'
import type { PickableServers } from '../seams/strategy.ts'
import { formerPositions, idsOf } from './former-positions.ts'
import { Typical } from './typical.ts'

/** Milliseconds in which what is above 1 fades to 37 %. */
const FADE = 5000
/** The factor is at most this many times what an exchange meets on a typical server: those in flight, and itself. */
const CAP = 8
/** Less than this above 1 is nothing: servers are level again. */
const NEGLIGIBLE = 0.1

export class Distrust {
  private readonly ids: Int32Array
  /** What is above 1, at the time beside it. */
  private readonly excess: Float64Array
  private readonly since: Float64Array
  private readonly typicalLoad: Typical
  /** From then on every factor is 1. */
  private until = -Infinity

  constructor(servers: PickableServers, before: Distrust | undefined) {
    this.ids = idsOf(servers)
    this.excess = new Float64Array(servers.count)
    this.since = new Float64Array(servers.count)
    this.typicalLoad = before?.typicalLoad ?? new Typical(1)
    if (before === undefined) return
    this.until = before.until
    for (const [position, former] of formerPositions(this.ids, before.ids).entries()) {
      if (former < 0) continue
      this.excess[position] = before.excess[former]!
      this.since[position] = before.since[former]!
    }
  }

  factor(position: number, now: number): number {
    return now >= this.until ? 1 : 1 + this.excessAt(position, now)
  }

  /** A load, as it counts for a server: the new exchange itself is distrusted too, so that an idle server is not free. */
  weigh(load: number, position: number, now: number): number {
    return now >= this.until ? load : this.weighed(load, position, now)
  }

  private weighed(load: number, position: number, now: number): number {
    return (1 + load) * (1 + this.excessAt(position, now)) - 1
  }

  failed(position: number, now: number): void {
    const most = CAP * this.typicalLoad.get()
    this.put(position, Math.min(2 * this.excessAt(position, now) + 1, most), now)
  }

  /** `load` is what the server still has in flight, measured by its weight. */
  succeeded(position: number, load: number, now: number): void {
    this.typicalLoad.add(1 + load)
    if (this.excess[position] !== 0) this.put(position, this.excessAt(position, now) / 2, now)
  }

  private excessAt(position: number, now: number): number {
    const excess = this.excess[position]!
    if (excess === 0) return 0
    const faded = excess * fading((now - this.since[position]!) / FADE)
    return faded < NEGLIGIBLE ? 0 : faded
  }

  private put(position: number, excess: number, now: number): void {
    this.excess[position] = excess < NEGLIGIBLE ? 0 : excess
    this.since[position] = now
    if (excess >= NEGLIGIBLE) this.until = Math.max(this.until, now + FADE * Math.log(excess / NEGLIGIBLE))
  }
}
