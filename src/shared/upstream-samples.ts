// What each worker measures of an upstream for whoever looks at it from outside: how long servers took of late, and how long
// exchanges waited in the queue. A block per worker; each cell has one writer.

/** How many latencies of an upstream a worker keeps. */
const KEPT = 256

const COUNT = 0
const QUEUED = 1
const QUEUED_MILLIS = 2
const RING = 8
const ROW = RING + KEPT

export class UpstreamSamples {
  readonly buffer: SharedArrayBuffer
  private readonly cells: Float64Array

  /** Makes the block of one worker with room for `capacity` upstreams, or opens the one in `buffer`. */
  constructor(source: number | SharedArrayBuffer) {
    this.buffer = typeof source === 'number' ? new SharedArrayBuffer(8 * ROW * source) : source
    this.cells = new Float64Array(this.buffer)
  }

  /** Notes how long a server took, in milliseconds. */
  addLatency(upstream: number, millis: number): void {
    const row = upstream * ROW
    const count = this.cells[row + COUNT]!
    this.cells[row + RING + (count % KEPT)] = millis
    this.cells[row + COUNT] = count + 1
  }

  /** How many latencies were noted since the start. */
  latencies(upstream: number): number {
    return this.cells[upstream * ROW + COUNT]!
  }

  /** Appends the latencies since the first `from`, as far as they are kept, to `into`. */
  latenciesSince(upstream: number, from: number, into: number[]): void {
    const row = upstream * ROW
    const count = this.cells[row + COUNT]!
    for (let index = Math.max(from, count - KEPT); index < count; index++) {
      into.push(this.cells[row + RING + (index % KEPT)]!)
    }
  }

  /** Notes that an exchange came out of the queue. */
  addQueued(upstream: number, millis: number): void {
    this.cells[upstream * ROW + QUEUED]!++
    this.cells[upstream * ROW + QUEUED_MILLIS]! += millis
  }

  queued(upstream: number): number {
    return this.cells[upstream * ROW + QUEUED]!
  }

  queuedMillis(upstream: number): number {
    return this.cells[upstream * ROW + QUEUED_MILLIS]!
  }
}
