// One connection as the hot path sees it: bytes come in through a buffer that is used again and again, bytes go out, and
// whoever reads can be paused until what was written has left. All connections of a thread read into one buffer.
import net from 'node:net'
import { readLatin1 } from '../base/latin1.ts'
import type { Accepted } from './acceptor.ts'
import type { Buffers } from './buffers.ts'
import { HandleTransport } from './handle-transport.ts'
import { detachHandle } from './handles.ts'
import { onread, SocketTransport } from './socket-transport.ts'
import type { Transport, TransportOwner } from './transport.ts'

/** Up to this size bytes travel as text: they may wait for the end of the turn, and nothing has to be held on to. */
const SMALL = 4 * 1024

/** Whoever owns a channel. Bytes are valid only until `onBytes` returns. */
export interface ChannelOwner {
  onBytes(bytes: Buffer, start: number, end: number): void
  /** The other side has sent its last byte. */
  onEnd(): void
  /** The connection is gone; no call follows. */
  onClose(error: NodeJS.ErrnoException | null): void
}

export class Channel implements TransportOwner {
  paused = false
  private transport: Transport
  private readonly buffers: Buffers
  private readonly owner: ChannelOwner
  /** Counts changes of `paused`, so that a late flush does not undo a later pause. */
  private pauses = 0

  private constructor(buffers: Buffers, owner: ChannelOwner, open: (channel: Channel) => Transport) {
    this.buffers = buffers
    this.owner = owner
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
      const reads = onread(channel, buffers.view)
      const socket = net.connect({ ...address, noDelay: true, allowHalfOpen: true, onread: reads })
      socket.once('connect', onConnect)
      return new SocketTransport(socket, buffers, channel)
    })
  }

  /** Takes over an accepted connection: a handle, or a socket where handles cannot be had. */
  static adopt(buffers: Buffers, owner: ChannelOwner, accepted: Accepted): Channel {
    return new Channel(buffers, owner, (channel) => {
      if (!(accepted instanceof net.Socket)) return new HandleTransport(accepted, buffers, channel)
      accepted.on('data', (bytes: Buffer) => channel.receivedBytes(bytes))
      accepted.resume()
      return new SocketTransport(accepted, buffers, channel)
    })
  }

  /** Leaves the socket that opened the connection for its handle, once nothing waits to be written or read. */
  settle(): void {
    const { transport } = this
    if (!(transport instanceof SocketTransport) || transport.pending) return
    const handle = detachHandle(transport.socket)
    if (handle === null) return
    this.transport = new HandleTransport(handle, this.buffers, this)
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
    } else if (bytes === buffers.memory && head.length <= start) {
      // The head takes the place of what lay before the body, so that one piece leaves.
      bytes.write(head, start - head.length, 'latin1')
      to.transport.writeRead(start - head.length, end)
    } else {
      const part = bytes.subarray(start, end)
      to.transport.writeBytes(head, bytes === buffers.memory ? Buffer.from(part) : part)
    }
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
    this.transport.discard()
  }

  /** Ends the connection so that the other side cannot take it for a normal end (RST). */
  reset(): void {
    this.transport.reset()
  }

  /** Called by the transport, as all that follow. */
  received(size: number): void {
    const { memory, start } = this.buffers
    this.owner.onBytes(memory, start, start + size)
  }

  receivedBytes(bytes: Buffer): void {
    this.owner.onBytes(bytes, 0, bytes.length)
  }

  ended(): void {
    this.owner.onEnd()
  }

  closed(error: NodeJS.ErrnoException | null): void {
    this.owner.onClose(error)
  }
}
