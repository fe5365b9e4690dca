// The small writes of one turn of the event loop, which leave together at its end. A write wakes the other side, and the
// kernel's way through it pushes our own code out of the processor's caches: many in a row cost a fifth less than one after
// each read (docs/performance.md). Where a turn has but one or two there is nothing to gain, so they leave at once then.

/** With so many writes a turn it pays to wait for its end. */
const ENOUGH = 3
/** After a turn with fewer, so many leave at once before the next turn is counted. */
const AT_ONCE = 32
/** Nobody waits for more writes than this. */
const MOST = 64

export interface BatchedWriter {
  /** Writes what waits. */
  flush(): void
}

export class WriteBatch {
  private readonly writers: BatchedWriter[] = []
  /** Of this turn. */
  private count = 0
  private atOnce = 0

  /** Whether what `writer` has to write shall wait: then its `flush` is called soon. */
  takes(writer: BatchedWriter): boolean {
    if (this.atOnce > 0) {
      this.atOnce--
      return false
    }
    if (this.count++ === 0) setImmediate(this.endTurn)
    if (this.writers.length === MOST) this.flush()
    this.writers.push(writer)
    return true
  }

  private readonly endTurn = (): void => {
    if (this.count < ENOUGH) this.atOnce = AT_ONCE
    this.count = 0
    this.flush()
  }

  /** Has everything written that waits. */
  flush(): void {
    const { writers } = this
    for (let i = 0; i < writers.length; i++) writers[i]!.flush()
    writers.length = 0
  }
}

/** That of this thread. */
export const writeBatch: WriteBatch = new WriteBatch()
