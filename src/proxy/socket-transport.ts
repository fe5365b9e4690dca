// A connection over an ordinary socket: while it is being opened, and for good on a Node without handles.
import type net from 'node:net'
import type { Buffers } from './buffers.ts'
import type { Transport, TransportOwner } from './transport.ts'

export class SocketTransport implements Transport {
  readonly socket: net.Socket
  private readonly buffers: Buffers
  private delays = true
  private discarded = false
  private error: NodeJS.ErrnoException | null = null

  /** `socket` reads by `onread` of this file, or by 'data' events when it was accepted without. */
  constructor(socket: net.Socket, buffers: Buffers, owner: TransportOwner) {
    this.socket = socket
    this.buffers = buffers
    socket.on('end', () => owner.ended())
    socket.on('error', (error) => {
      this.error = error
    })
    socket.on('close', () => {
      if (!this.discarded) owner.closed(this.error)
    })
  }

  get remoteAddress(): string {
    return this.socket.remoteAddress ?? ''
  }

  get destroyed(): boolean {
    return this.socket.destroyed
  }

  get pending(): boolean {
    return this.socket.writableLength > 0
  }

  get delivered(): number {
    return this.socket.bytesWritten - this.socket.writableLength
  }

  write(text: string): void {
    this.socket.write(text, 'latin1')
  }

  flush(): void {}

  writeRead(start: number, end: number): void {
    this.socket.write(Buffer.from(this.buffers.memory.subarray(start, end)))
  }

  writeBytes(head: string, bytes: Buffer): void {
    this.socket.cork()
    if (head !== '') this.socket.write(head, 'latin1')
    this.socket.write(bytes)
    this.socket.uncork()
  }

  whenFlushed(callback: () => void): void {
    this.socket.write('', (error) => {
      if (!error) callback()
    })
  }

  noDelay(): void {
    if (this.delays) this.socket.setNoDelay(true)
    this.delays = false
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    if (!this.socket.destroyed) this.socket.resume()
  }

  end(): void {
    this.socket.end()
  }

  destroySoon(): void {
    this.socket.destroySoon()
  }

  destroy(): void {
    this.socket.destroy()
  }

  discard(): void {
    this.discarded = true
    this.socket.destroy()
  }

  reset(): void {
    // `resetAndDestroy` sends our end first, which the other side may take for a normal one.
    const socket = this.socket as net.Socket & { resetAndClosing: boolean }
    // Behind our own end there is no reset: the handle would stay open.
    socket.resetAndClosing = !socket.writableEnded || socket.writableFinished
    socket.destroy()
  }
}

/** Lets a socket read into `buffer`. */
export function onread(owner: TransportOwner, buffer: Buffer): net.OnReadOpts {
  return {
    buffer,
    callback: (size) => {
      owner.received(size)
      return !owner.paused
    },
  }
}
