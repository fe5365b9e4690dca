// One socket as the hot path sees it: bytes come in through a buffer that is used again and again, bytes go out, and
// whoever reads can be paused until what was written has left. All idle and small traffic of a thread reads into one
// shared buffer; a channel that carries a large body gets a buffer of its own for as long as the body lasts.
import net from 'node:net'
import { getSystemErrorName } from 'node:util'
import { readLatin1 } from '../base/latin1.ts'
import type { Accepted } from './acceptor.ts'
import { follow, type Handle, socketOver, type WriteListener, type WriteRequest, writableHandle } from './handles.ts'

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

export class Channel implements WriteListener {
  socket: net.Socket
  paused = false
  private readonly buffers: Buffers
  private readonly owner: ChannelOwner
  /** Where the present read went. */
  private readBuffer: Buffer
  /** Where the next one shall go, when that is to change. */
  private nextBuffer: Buffer | null
  private own: Buffer | null = null
  /** Where writes go past the stream; null while they go through it. */
  private handle: Handle | null = null
  /** Direct writes that have not left yet. */
  private underWay = 0
  private flushed: (() => void)[] | null = null
  /** The system may hold back small writes (Nagle's algorithm), as it does from the start. */
  private delays = true
  /** Counts changes of `paused`, so that a late flush does not undo a later pause. */
  private pauses = 0
  private error: NodeJS.ErrnoException | null = null

  private constructor(buffers: Buffers, owner: ChannelOwner) {
    this.buffers = buffers
    this.owner = owner
    this.readBuffer = buffers.shared
    this.nextBuffer = buffers.shared
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
    } else {
      channel.socket = socketOver(accepted, channel.onread())
      channel.writeDirectly()
    }
    channel.listen()
    channel.socket.resume()
    return channel
  }

  /** Some written bytes have not left yet. */
  get pending(): boolean {
    return this.underWay > 0 || this.socket.writableLength > 0
  }

  /** Bytes that have left since the connection began. */
  get delivered(): number {
    return this.socket.bytesWritten - (this.handle === null ? this.socket.writableLength : this.handle.writeQueueSize)
  }

  /** From now on writes go straight to the system, if they can and nothing waits in the stream. */
  writeDirectly(): void {
    if (this.handle === null && this.socket.writableLength === 0) this.handle = writableHandle(this.socket)
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
    const { handle } = this
    if (handle === null) this.socket.write(text, 'latin1')
    else {
      const result = handle.writeLatin1String(null, text)
      if (result !== 0) this.dispatched(result, null)
    }
  }

  /** Writes `head` and `bytes` at once. The bytes must stay as they are until they have left. */
  writeBytes(head: string, bytes: Buffer): void {
    const { handle, socket } = this
    if (handle !== null) {
      const chunks = [head, 'latin1', bytes, 'buffer']
      const result = head === '' ? handle.writeBuffer(null, bytes) : handle.writev(null, chunks, false)
      if (result !== 0) this.dispatched(result, bytes)
      return
    }
    socket.cork()
    if (head !== '') socket.write(head, 'latin1')
    socket.write(bytes)
    socket.uncork()
  }

  /** A direct write has left or failed. */
  onWritten(status: number): void {
    this.underWay--
    if (status < 0) {
      this.socket.destroy(writeError(status))
      return
    }
    if (this.underWay > 0 || this.flushed === null) return
    const { flushed } = this
    this.flushed = null
    for (const callback of flushed) callback()
  }

  /** Calls back once everything written so far has left; not when the socket closes before. */
  whenFlushed(callback: () => void): void {
    if (this.underWay > 0) {
      if (this.flushed === null) this.flushed = []
      this.flushed.push(callback)
    } else {
      this.socket.write('', (error) => {
        if (!error) callback()
      })
    }
  }

  /**
   * Passes `head` and then bytes of this channel's last read on to `to`. When `to` cannot take them at once, this
   * channel pauses until it has; returns false then.
   */
  relay(to: Channel, head: string, bytes: Buffer, start: number, end: number): boolean {
    const size = head.length + end - start
    if (size <= SMALL) {
      if (size === 0) return true
      to.write(start === end ? head : head + readLatin1(bytes, start, end))
    } else if (bytes === this.buffers.shared) {
      const own = this.takeOwn()
      own.write(head, 0, 'latin1')
      bytes.copy(own, head.length, start, end)
      to.writeBytes('', own.subarray(0, size))
    } else to.writeBytes(head, bytes.subarray(start, end))
    if (!to.pending) return true
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
      this.nextBuffer = this.own
    }
    return this.own
  }

  /** The large body is over; `flushed` says that nothing written from the own buffer is still waiting to leave. */
  giveOwn(flushed: boolean): void {
    if (this.own === null) return
    // Bytes that still wait to leave live in it: then it is left to the garbage collector.
    if (flushed) this.buffers.give(this.own)
    this.own = null
    this.nextBuffer = this.buffers.shared
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

  private dispatched(result: number | WriteRequest, bytes: Buffer | null): void {
    if (typeof result === 'number') {
      this.socket.destroy(writeError(result))
      return
    }
    this.underWay++
    follow(result, this.handle!, bytes, this)
  }

  private onread(): net.OnReadOpts {
    return {
      // Asked once at the start and then after each read; anything but a buffer leaves the present one in place.
      buffer: () => {
        const next = this.nextBuffer
        if (next === null) return null as unknown as Buffer
        this.readBuffer = next
        this.nextBuffer = null
        return next
      },
      callback: (size) => {
        this.owner.onBytes(this.readBuffer, 0, size)
        return !this.paused
      },
    }
  }

  private listen(): void {
    this.socket.on('end', () => this.owner.onEnd())
    this.socket.on('error', (error) => {
      this.error = error
    })
    this.socket.on('close', () => {
      this.handle = null
      this.owner.onClose(this.error)
    })
  }
}

function writeError(status: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(status)
  return Object.assign(new Error(`write ${code}`), { code, errno: status, syscall: 'write' })
}

// Stands in until the real socket exists, so that the field always has one type.
const NO_SOCKET = new net.Socket()
