// One socket as the hot path sees it: bytes come in through a buffer that is used again and again, bytes go out, and
// whoever reads can be paused until what was written has left. All idle and small traffic of a thread reads into one
// shared buffer; a channel that carries a large body gets a buffer of its own for as long as the body lasts.
import net from 'node:net'
import { readLatin1 } from '../base/latin1.ts'
import { type Accepted, socketOver } from './acceptor.ts'

const SHARED_SIZE = 64 * 1024
/** Room for a rewritten head before a full read. */
const OWN_SIZE = 2 * SHARED_SIZE
const MAX_SPARE = 64
/** Up to this size bytes travel as text: one copy, one write together with the head, no buffer to hold on to. */
const SMALL = 16 * 1024

/** Whoever owns a channel. Bytes are valid only until `onBytes` returns. */
export interface ChannelOwner {
  onBytes(bytes: Buffer, start: number, end: number): void
  /** The other side has sent its last byte. */
  onEnd(): void
  /** The socket is gone; no call follows. */
  onClose(error: NodeJS.ErrnoException | null): void
}

/** The read buffers of one thread. */
export class Buffers {
  readonly shared: Buffer = Buffer.allocUnsafeSlow(SHARED_SIZE)
  private readonly spare: Buffer[] = []

  take(): Buffer {
    return this.spare.pop() ?? Buffer.allocUnsafeSlow(OWN_SIZE)
  }

  give(buffer: Buffer): void {
    if (this.spare.length < MAX_SPARE) this.spare.push(buffer)
  }
}

export class Channel {
  socket: net.Socket
  paused = false
  private readonly buffers: Buffers
  private readonly owner: ChannelOwner
  private readBuffer: Buffer
  private own: Buffer | null = null
  /** The system may hold back small writes (Nagle's algorithm), as it does from the start. */
  private delays = true
  /** Counts changes of `paused`, so that a late flush does not undo a later pause. */
  private pauses = 0
  private error: NodeJS.ErrnoException | null = null

  private constructor(buffers: Buffers, owner: ChannelOwner) {
    this.buffers = buffers
    this.owner = owner
    this.readBuffer = buffers.shared
    this.socket = NO_SOCKET
  }

  /** Opens a connection; `onConnect` follows, or the owner's `onClose`. */
  static connect(
    buffers: Buffers,
    owner: ChannelOwner,
    address: { host: string; port: number; lookup: net.LookupFunction },
    onConnect: () => void,
  ): Channel {
    const channel = new Channel(buffers, owner)
    channel.socket = net.connect({
      host: address.host,
      port: address.port,
      lookup: address.lookup,
      noDelay: true,
      allowHalfOpen: true,
      onread: channel.onread(),
    })
    channel.socket.once('connect', onConnect)
    channel.listen()
    return channel
  }

  /** Takes over an accepted connection: its handle, or a socket where handles cannot be had (`acceptor.ts`). */
  static adopt(buffers: Buffers, owner: ChannelOwner, accepted: Accepted): Channel {
    const channel = new Channel(buffers, owner)
    if (accepted instanceof net.Socket) {
      channel.socket = accepted
      accepted.on('data', (bytes: Buffer) => channel.owner.onBytes(bytes, 0, bytes.length))
    } else channel.socket = socketOver(accepted, channel.onread())
    channel.listen()
    channel.socket.resume()
    return channel
  }

  /** Written bytes that have not left yet. */
  get pending(): boolean {
    return this.socket.writableLength > 0
  }

  /** Sends small writes at once even when earlier ones are not acknowledged yet. One write alone always goes at once. */
  noDelay(): void {
    if (this.delays) this.socket.setNoDelay(true)
    this.delays = false
  }

  get destroyed(): boolean {
    return this.socket.destroyed
  }

  write(text: string): void {
    this.socket.write(text, 'latin1')
  }

  /** Calls back once everything written so far has left; not when the socket closes before. */
  whenFlushed(callback: () => void): void {
    this.socket.write('', (error) => {
      if (!error) callback()
    })
  }

  /**
   * Passes `head` and then bytes of this channel's last read on to `to`. When `to` cannot take them at once, this
   * channel pauses until it has; returns false then.
   */
  relay(to: Channel, head: string, bytes: Buffer, start: number, end: number): boolean {
    const size = head.length + end - start
    if (size <= SMALL) {
      if (size === 0) return true
      to.socket.write(start === end ? head : head + readLatin1(bytes, start, end), 'latin1')
    } else if (bytes === this.buffers.shared) {
      const own = this.takeOwn()
      own.write(head, 0, 'latin1')
      bytes.copy(own, head.length, start, end)
      to.socket.write(own.subarray(0, size))
    } else {
      if (head !== '') {
        to.socket.cork()
        to.socket.write(head, 'latin1')
      }
      to.socket.write(bytes.subarray(start, end))
      if (head !== '') to.socket.uncork()
    }
    if (to.socket.writableLength === 0) return true
    this.pause()
    const pause = this.pauses
    to.whenFlushed(() => {
      if (pause === this.pauses) this.resume()
    })
    return false
  }

  /** Expects a large body: further reads go into a buffer of this channel's own. */
  takeOwn(): Buffer {
    if (this.own === null) {
      this.own = this.buffers.take()
      this.readBuffer = this.own
    }
    return this.own
  }

  /** The large body is over; `flushed` says that nothing written from the own buffer is still waiting to leave. */
  giveOwn(flushed: boolean): void {
    if (this.own === null) return
    // Bytes that still wait to leave live in it: then it is left to the garbage collector.
    if (flushed) this.buffers.give(this.own)
    this.own = null
    this.readBuffer = this.buffers.shared
  }

  pause(): void {
    if (this.paused) return
    this.paused = true
    this.pauses++
    this.socket.pause()
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.pauses++
    if (!this.socket.destroyed) this.socket.resume()
  }

  /** Sends what is written, then the end; reading goes on. */
  end(): void {
    this.socket.end()
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Ends the connection so that the other side cannot take it for a normal end (RST). */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  private onread(): net.OnReadOpts {
    return {
      buffer: () => this.readBuffer,
      callback: (size) => {
        // The read went into the buffer that was current before it; the callback may choose the next one.
        const bytes = this.readBuffer
        this.owner.onBytes(bytes, 0, size)
        return !this.paused
      },
    }
  }

  private listen(): void {
    this.socket.on('end', () => this.owner.onEnd())
    this.socket.on('error', (error) => {
      this.error = error
    })
    this.socket.on('close', () => this.owner.onClose(this.error))
  }
}

// Stands in until the real socket exists, so that the field always has one type.
const NO_SOCKET = new net.Socket()
