// What a channel needs of a connection. There are two kinds: over a handle (fast), and over an ordinary socket (while
// connecting, and on a Node without handles).

export interface Transport {
  /** IP address of the other side. */
  readonly remoteAddress: string
  /** Closed, or about to be. */
  readonly destroyed: boolean
  /** Some bytes that were written, and do not wait for `flush`, have not left yet. */
  readonly pending: boolean
  /** Bytes that have left since the connection began. */
  readonly delivered: number
  /** Writes at once, or with others at the end of this turn of the event loop. */
  write(text: string): void
  /** Writes what waits for the end of the turn. */
  flush(): void
  /** Writes what was read, from `start` to `end` in the memory that is read into; what does not leave at once is copied. */
  writeRead(start: number, end: number): void
  /** Writes `head` and `bytes` at once. The bytes must stay as they are until they have left. */
  writeBytes(head: string, bytes: Buffer): void
  /** Calls back once everything written so far has left; not when the connection closes before. */
  whenFlushed(callback: () => void): void
  noDelay(): void
  pause(): void
  resume(): void
  /** Sends our end behind what is written; reading goes on. */
  end(): void
  /** Closes once what is written has left. */
  destroySoon(): void
  /** Closes now; what waits for the end of the turn is lost. */
  destroy(): void
  /** As `destroy`; the owner is told nothing any more. */
  discard(): void
  /** Writes what waits for the end of the turn and closes now, with a reset. */
  reset(): void
}

/** Whoever owns a transport; `closed` is the last call. */
export interface TransportOwner {
  /** So many bytes were read into the buffer of the thread. */
  received(size: number): void
  /** Bytes were read into a buffer of their own. */
  receivedBytes(bytes: Buffer): void
  /** Reading is paused. */
  readonly paused: boolean
  /** The other side has sent its last byte. */
  ended(): void
  closed(error: NodeJS.ErrnoException | null): void
}
