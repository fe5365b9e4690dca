// The memory that one thread reads into and writes from.

const READ_SIZE = 128 * 1024
/** In front of what is read, so that a head can be put before a body that begins there. */
const HEADROOM = 16 * 1024
const MAX_SPARE = 64

export class Buffers {
  /** Every connection reads into this: what a read brings is passed on, or copied, before the next one. */
  readonly memory: Buffer = Buffer.allocUnsafeSlow(HEADROOM + READ_SIZE)
  /** Where in it reads begin. */
  readonly start: number = HEADROOM
  /** The part of it that is read into. */
  readonly view: Buffer = this.memory.subarray(HEADROOM)
  private readonly spare: Buffer[] = []

  /** Memory for a copy of what was read. */
  take(): Buffer {
    return this.spare.pop() ?? Buffer.allocUnsafeSlow(HEADROOM + READ_SIZE)
  }

  /** Takes it back. */
  give(memory: Buffer): void {
    if (this.spare.length < MAX_SPARE) this.spare.push(memory)
  }
}
