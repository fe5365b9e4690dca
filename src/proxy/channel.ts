// One connection as the hot path sees it: bytes come in through a buffer that is used again and again, bytes go out, and
// whoever reads can be paused until what was written has left. All idle and small traffic of a thread reads into one
// shared buffer; a channel that carries a large body gets a buffer of its own for as long as the body lasts.
import net from 'node:net'
import { readLatin1 } from '../base/latin1.ts'
import type { Accepted } from './acceptor.ts'
import { HandleTransport } from './handle-transport.ts'
import { detachHandle } from './handles.ts'
import { onread, SocketTransport } from './socket-transport.ts'
import type { Transport, TransportOwner } from './transport.ts'

const SHARED_SIZE = 64 * 1024
/** Room for a rewritten head before a full read. */
const OWN_SIZE = 2 * SHARED_SIZE
const MAX_SPARE = 64
const MAX_KEPT = 64
/** Up to this size bytes travel as text: one write together with the head, no buffer to hold on to. */
const SMALL = 4 * 1024
/** A read of more than this is part of a large body, most likely: the next one goes into a buffer of the channel's own. */
const LARGE = 32 * 1024

/** Whoever owns a channel. Bytes are valid only until `onBytes` returns. */
export interface ChannelOwner {
  onBytes(bytes: Buffer, start: number, end: number): void
  /** The other side has sent its last byte. */
  onEnd(): void
  /** The connection is gone; no call follows. */
  onClose(error: NodeJS.ErrnoException | null): void
}

/** The read buffers of one thread. */
export class Buffers {
  readonly shared: Buffer = Buffer.allocUnsafeSlow(SHARED_SIZE)
  /** Buffers that stay with a channel between two large bodies. */
  kept = 0
  private readonly spare: Buffer[] = []

  take(): Buffer {
    return this.spare.pop() ?? Buffer.allocUnsafeSlow(OWN_SIZE)
  }

  give(buffer: Buffer): void {
    if (this.spare.length < MAX_SPARE) this.spare.push(buffer)
  }
}

export class Channel implements TransportOwner {
  paused = false
  private transport: Transport
  private readonly buffers: Buffers
  private readonly owner: ChannelOwner
  /** Where the present read went. */
  private readBuffer: Buffer
  /** Where the next one shall go, when that is to change. */
  private nextBuffer: Buffer | null = null
  private own: Buffer | null = null
  /** The own buffer stays for the next large body. */
  private keeps = false
  /** Counts changes of `paused`, so that a late flush does not undo a later pause. */
  private pauses = 0

  private constructor(buffers: Buffers, owner: ChannelOwner, open: (channel: Channel) => Transport) {
    this.buffers = buffers
    this.owner = owner
    this.readBuffer = buffers.shared
    this.transport = open(this)
  }

  /** Opens a connection; `onConnect` follows, or the owner's `onClose`. */
  static connect(
    buffers: Buffers,
    owner: ChannelOwner,
    address: { host: string; port: number; lookup: net.LookupFunction },
    onConnect: () => void,
  ): Channel {
    return new Channel(buffers, owner, (channel) => {
      const reads = onread(channel, buffers.shared)
      const socket = net.connect({ ...address, noDelay: true, allowHalfOpen: true, onread: reads })
      socket.once('connect', onConnect)
      return new SocketTransport(socket, channel)
    })
  }

  /** Takes over an accepted connection: a handle, or a socket where handles cannot be had. */
  static adopt(buffers: Buffers, owner: ChannelOwner, accepted: Accepted): Channel {
    return new Channel(buffers, owner, (channel) => {
      if (!(accepted instanceof net.Socket)) return new HandleTransport(accepted, buffers.shared, channel)
      accepted.on('data', (bytes: Buffer) => channel.receivedBytes(bytes))
      accepted.resume()
      return new SocketTransport(accepted, channel)
    })
  }

  /** Leaves the socket that opened the connection for its handle, once nothing waits to be written or read. */
  settle(): void {
    const { transport } = this
    if (!(transport instanceof SocketTransport) || transport.pending) return
    const handle = detachHandle(transport.socket)
    if (handle === null) return
    this.readBuffer = this.own ?? this.buffers.shared
    this.nextBuffer = null
    this.transport = new HandleTransport(handle, this.readBuffer, this)
  }

  /** IP address of the other side, without the prefix of an IPv4 address in IPv6. */
  get address(): string {
    const address = this.transport.remoteAddress
    return address.startsWith('::ffff:') ? address.slice(7) : address
  }

  /** Some bytes that were written, and do not wait for `flush`, have not left yet. */
  get pending(): boolean {
    return this.transport.pending
  }

  /** Calls back once everything written so far has left; not when the connection closes before. */
  whenFlushed(callback: () => void): void {
    this.transport.whenFlushed(callback)
  }

  /** Bytes that have left since the connection began. */
  get delivered(): number {
    return this.transport.delivered
  }

  get destroyed(): boolean {
    return this.transport.destroyed
  }

  /** Writes at once, or with others at the end of this turn of the event loop. */
  write(text: string): void {
    this.transport.write(text)
  }

  /** Writes what waits for the end of the turn. */
  flush(): void {
    this.transport.flush()
  }

  /** Writes `head` and `bytes` at once. The bytes must stay as they are until they have left. */
  writeBytes(head: string, bytes: Buffer): void {
    this.transport.writeBytes(head, bytes)
  }

  /** Sends small writes at once even when earlier ones are not acknowledged yet. One write alone always goes at once. */
  noDelay(): void {
    this.transport.noDelay()
  }

  /**
   * Passes `head` and then bytes of this channel's last read on to `to`. When `to` cannot take them at once, this
   * channel pauses until it has; returns false then.
   */
  relay(to: Channel, head: string, bytes: Buffer, start: number, end: number): boolean {
    const size = head.length + end - start
    const { buffers } = this
    if (size <= SMALL) {
      if (size === 0) return true
      to.transport.write(start === end ? head : head + readLatin1(bytes, start, end))
    } else if (bytes === buffers.shared) {
      // What cannot leave at once must not lie where the next read goes.
      const more = end - start > LARGE
      const copy = more ? this.takeOwn() : buffers.take()
      copy.write(head, 0, 'latin1')
      bytes.copy(copy, head.length, start, end)
      to.transport.writeBytes('', copy.subarray(0, size))
      if (!more && !to.transport.pending) buffers.give(copy)
    } else if (bytes === this.own && head.length <= start) {
      // The new head takes the place of the one that was read, so that one piece leaves. That place is free: nothing is
      // read into an own buffer while bytes in it wait to leave.
      bytes.write(head, start - head.length, 'latin1')
      to.transport.writeBytes('', bytes.subarray(start - head.length, end))
    } else to.transport.writeBytes(head, bytes.subarray(start, end))
    return this.keepPace(to)
  }

  /** Pauses, when `to` has not taken all that was written to it, until it has; returns false then. */
  keepPace(to: Channel): boolean {
    if (!to.transport.pending) return true
    this.pause()
    const pause = this.pauses
    to.transport.whenFlushed(() => {
      if (pause === this.pauses) this.resume()
    })
    return false
  }

  /** The large body is over; `flushed` says that nothing written from the own buffer is still waiting to leave. */
  giveOwn(flushed: boolean): void {
    if (this.own === null) return
    this.keep(false)
    // Bytes that still wait to leave live in it: then it is left to the garbage collector.
    if (flushed) this.buffers.give(this.own)
    this.own = null
    this.nextBuffer = this.buffers.shared
  }

  /**
   * The large body is over and another one is likely: the own buffer stays, so that its first bytes need not be copied
   * out of the shared one. Only while there are not too many such buffers, and none of its bytes wait to leave.
   */
  keepOwn(flushed: boolean): void {
    if (flushed && (this.keeps || this.buffers.kept < MAX_KEPT)) this.keep(this.own !== null)
    else this.giveOwn(flushed)
  }

  pause(): void {
    if (this.paused) return
    this.paused = true
    this.pauses++
    this.transport.pause()
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.pauses++
    this.transport.resume()
  }

  /** Sends what is written, then our end; reading goes on. */
  end(): void {
    this.transport.end()
  }

  /** Closes once what is written has left. */
  destroySoon(): void {
    this.transport.destroySoon()
  }

  /** Closes; what waits for the end of the turn is lost. */
  destroy(): void {
    this.transport.destroy()
  }

  /** As `destroy`; nothing more is heard of it, not even that it is closed. */
  discard(): void {
    this.keep(false)
    this.transport.discard()
  }

  /** Ends the connection so that the other side cannot take it for a normal end (RST). */
  reset(): void {
    this.transport.reset()
  }

  /** Called by the transport, as all that follow. */
  received(size: number): void {
    this.owner.onBytes(this.readBuffer, 0, size)
  }

  receivedBytes(bytes: Buffer): void {
    this.owner.onBytes(bytes, 0, bytes.length)
  }

  takeNextBuffer(): Buffer | null {
    const next = this.nextBuffer
    if (next !== null) {
      this.readBuffer = next
      this.nextBuffer = null
    }
    return next
  }

  ended(): void {
    this.owner.onEnd()
  }

  closed(error: NodeJS.ErrnoException | null): void {
    this.keep(false)
    this.owner.onClose(error)
  }

  private keep(keeps: boolean): void {
    if (keeps === this.keeps) return
    this.keeps = keeps
    this.buffers.kept += keeps ? 1 : -1
  }

  /** A large body goes through: further reads go into a buffer of this channel's own. */
  private takeOwn(): Buffer {
    if (this.own === null) {
      this.own = this.buffers.take()
      this.nextBuffer = this.own
    }
    return this.own
  }
}
