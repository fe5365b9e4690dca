// A connection over a bare handle: what `net.Socket` does, less everything that a proxy does not need.
import { getSystemErrorName } from 'node:util'
import type { Buffers } from './buffers.ts'
import {
  END,
  follow,
  type Handle,
  listen,
  type ReadListener,
  shutdown,
  tryWrite,
  type WriteListener,
  type WriteRequest,
} from './handles.ts'
import type { Transport, TransportOwner } from './transport.ts'
import { type BatchedWriter, writeBatch } from './write-batch.ts'

/** Characters that may wait to be written; more leave at once. */
const MAX_WAITING = 16 * 1024

/** Up to this size what does not leave at once gets memory of just its size: many slow readers may hold some. */
const SMALL_REST = 16 * 1024

/** Filled by `getpeername`. One for all, for it takes Node longer to add properties to a new object than to ask. */
const peer = { address: '', family: '', port: 0 }

export class HandleTransport implements Transport, BatchedWriter, ReadListener, WriteListener {
  destroyed = false
  private readonly handle: Handle
  private readonly buffers: Buffers
  private readonly owner: TransportOwner
  private readonly fd: number
  /** Bytes that were written past the handle. */
  private direct = 0
  /** Waits for the end of the turn. */
  private waiting = ''
  /** Writes that have not left yet. */
  private underWay = 0
  private flushed: (() => void)[] | null = null
  private delays = true
  /** The other side has ended. */
  private ended = false
  /** Our end is asked for, and has left. */
  private ending = false
  private endSent = false
  private error: NodeJS.ErrnoException | null = null

  constructor(handle: Handle, buffers: Buffers, owner: TransportOwner) {
    this.handle = handle
    this.buffers = buffers
    this.owner = owner
    this.fd = handle.fd
    listen(handle, buffers.view, this)
  }

  get remoteAddress(): string {
    peer.address = ''
    this.handle.getpeername(peer)
    return peer.address
  }

  get pending(): boolean {
    return this.underWay > 0
  }

  get delivered(): number {
    return this.direct + this.handle.bytesWritten - this.handle.writeQueueSize
  }

  write(text: string): void {
    if (this.destroyed) return
    if (this.waiting.length + text.length > MAX_WAITING) {
      this.flush()
      this.writeNow(text)
    } else if (this.waiting !== '') this.waiting += text
    else if (writeBatch.takes(this)) this.waiting = text
    else this.writeNow(text)
  }

  flush(): void {
    const { waiting } = this
    if (waiting === '') return
    this.waiting = ''
    if (!this.destroyed) this.writeNow(waiting)
  }

  writeRead(start: number, end: number): void {
    this.flush()
    // That may have found the connection broken: the number of its file may be another one's by now.
    if (this.destroyed) return
    const { memory } = this.buffers
    const left = this.underWay > 0 ? 0 : tryWrite(this.fd, memory, start, end)
    this.direct += left
    const size = end - start - left
    if (size === 0) return
    if (size <= SMALL_REST) {
      this.writeBytes('', Buffer.from(memory.subarray(end - size, end)))
      return
    }
    const copy = this.buffers.take()
    memory.copy(copy, 0, end - size, end)
    const result = this.handle.writeBuffer(null, copy.subarray(0, size))
    if (result === 0) this.buffers.give(copy)
    else this.dispatched(result, copy, true)
  }

  writeBytes(head: string, bytes: Buffer): void {
    this.flush()
    if (this.destroyed) return
    const { handle } = this
    const result =
      head === '' ? handle.writeBuffer(null, bytes) : handle.writev(null, [head, 'latin1', bytes, 'buffer'], false)
    if (result !== 0) this.dispatched(result, bytes)
  }

  whenFlushed(callback: () => void): void {
    if (this.flushed === null) this.flushed = []
    this.flushed.push(callback)
  }

  noDelay(): void {
    if (this.delays && !this.destroyed) this.handle.setNoDelay(true)
    this.delays = false
  }

  pause(): void {
    if (!this.destroyed) this.handle.readStop()
  }

  resume(): void {
    if (!this.destroyed && !this.ended) this.handle.readStart()
  }

  end(): void {
    if (this.ending || this.destroyed) return
    this.flush()
    if (this.destroyed) return
    this.ending = true
    shutdown(this.handle, () => {
      this.endSent = true
      if (this.ended) this.destroy()
    })
  }

  destroySoon(): void {
    this.flush()
    if (this.pending) this.whenFlushed(() => this.destroy())
    else this.destroy()
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.handle.close(() => this.owner.closed(this.error))
  }

  discard(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.handle.close()
  }

  reset(): void {
    if (this.destroyed) return
    this.flush()
    // Behind our own end there is no reset: the handle refuses, and could not even be closed then.
    if (this.destroyed || (this.ending && !this.endSent)) {
      this.destroy()
      return
    }
    this.destroyed = true
    const status = this.handle.reset(() => this.owner.closed(this.error))
    if (status !== 0) this.handle.close(() => this.owner.closed(this.error))
  }

  /** Called by the handle. */
  onRead(size: number): void {
    if (this.destroyed) return
    if (size > 0) {
      this.owner.received(size)
    } else if (size === END) {
      this.ended = true
      this.handle.readStop()
      this.owner.ended()
      if (this.endSent) this.destroy()
    } else this.fail(size, 'read')
  }

  /** Called when a write that did not leave at once has left, or failed. */
  onWritten(status: number, copy: Buffer | null): void {
    this.underWay--
    if (copy !== null) this.buffers.give(copy)
    if (status < 0) {
      this.fail(status, 'write')
      return
    }
    if (this.underWay > 0 || this.flushed === null || this.destroyed) return
    const { flushed } = this
    this.flushed = null
    for (const callback of flushed) callback()
  }

  private writeNow(text: string): void {
    const result = this.handle.writeLatin1String(null, text)
    if (result !== 0) this.dispatched(result, null)
  }

  /** `copied`: `bytes` are memory to be given back. */
  private dispatched(result: number | WriteRequest, bytes: Buffer | null, copied = false): void {
    if (typeof result === 'number') {
      this.fail(result, 'write')
      return
    }
    this.underWay++
    follow(result, this.handle, bytes, copied, this)
  }

  private fail(status: number, syscall: string): void {
    if (this.destroyed) return
    const code = getSystemErrorName(status)
    this.error = Object.assign(new Error(`${syscall} ${code}`), { code, errno: status, syscall })
    this.destroy()
  }
}
