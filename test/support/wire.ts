// One end of a TCP connection seen as bytes: all that came is kept, and a test awaits what it expects to come.
import type { Socket } from 'node:net'
import { pause, within } from './wait.ts'

/** How the other side ended its sending: not yet, with FIN, or by breaking the connection. */
export type Ending = 'open' | 'end' | 'reset'

export class EndedError extends Error {}

export class Wire {
  readonly socket: Socket
  /** What the other side did. */
  ending: Ending = 'open'
  private buffer = Buffer.allocUnsafe(16 * 1024)
  private length = 0
  private cursor = 0
  private readonly watchers = new Set<() => void>()

  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.append(chunk))
    socket.on('end', () => this.finish('end'))
    socket.on('error', () => this.finish('reset'))
    socket.on('close', () => this.finish('reset'))
  }

  /** All bytes so far, also those that were taken. */
  get bytes(): Buffer {
    return this.buffer.subarray(0, this.length)
  }

  /** All bytes so far, one character each. */
  get text(): string {
    return this.bytes.toString('latin1')
  }

  /** Sends text as latin1. */
  send(bytes: string | Buffer): this {
    this.socket.write(bytes, 'latin1')
    return this
  }

  /** Sends in pieces of `size` bytes, each in a packet of its own, until the connection is gone. */
  async drip(bytes: string | Buffer, size = 1, gap = 1): Promise<void> {
    const all = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    for (let at = 0; at < all.length && !this.socket.destroyed; at += size) {
      this.send(all.subarray(at, at + size))
      await pause(gap)
    }
  }

  /** Half-close: no more from us, but we go on listening. */
  end(bytes?: string | Buffer): void {
    if (bytes !== undefined) this.send(bytes)
    this.socket.end()
  }

  /** Breaks the connection off (RST, unless our end is on its way: libuv cannot reset a socket in shutdown). */
  reset(): void {
    if (this.socket.writableEnded && !this.socket.writableFinished) this.socket.destroy()
    else this.socket.resetAndDestroy()
  }

  /** Waits until something in all that came matches. */
  seen(pattern: RegExp | string): Promise<void> {
    return this.until(
      () => (typeof pattern === 'string' ? this.text.includes(pattern) : pattern.test(this.text)) || undefined,
      `${pattern}`,
    ).then(() => undefined)
  }

  /** Takes the next `count` bytes. */
  take(count: number): Promise<Buffer> {
    return this.until(() => {
      if (this.length - this.cursor < count) return undefined
      this.cursor += count
      return Buffer.from(this.buffer.subarray(this.cursor - count, this.cursor))
    }, `${count} bytes`)
  }

  /** Takes the next line, without its CRLF. */
  async line(): Promise<string> {
    const end = await this.until(() => {
      const at = this.buffer.subarray(0, this.length).indexOf('\r\n', this.cursor)
      return at === -1 ? undefined : at
    }, 'a line')
    const line = this.buffer.toString('latin1', this.cursor, end)
    this.cursor = end + 2
    return line
  }

  /** Takes all bytes up to the proper end of the stream; rejects when it is broken instead. */
  async rest(): Promise<Buffer> {
    await this.over()
    if (this.ending === 'reset') throw new EndedError('the connection was broken')
    const rest = Buffer.from(this.buffer.subarray(this.cursor, this.length))
    this.cursor = this.length
    return rest
  }

  /** Waits until the other side sends no more; resolves with how it ended. */
  over(): Promise<Ending> {
    return this.until(() => (this.ending === 'open' ? undefined : this.ending), 'the end of the connection')
  }

  /** True when every byte was taken. */
  get drained(): boolean {
    return this.cursor === this.length
  }

  /** Waits until there is a byte to take (true) or none will come (false). */
  async more(): Promise<boolean> {
    if (!this.drained) return true
    const first = this.length
    const change = new Promise<boolean>((resolve) => {
      const look = () => {
        if (this.length === first && this.ending === 'open') return
        this.watchers.delete(look)
        resolve(this.length > first)
      }
      this.watchers.add(look)
      look()
    })
    return change
  }

  private until<T>(attempt: () => T | undefined, what: string): Promise<T> {
    const found = new Promise<T>((resolve, reject) => {
      const look = () => {
        const value = attempt()
        if (value === undefined && this.ending === 'open') return
        this.watchers.delete(look)
        if (value !== undefined) resolve(value)
        else reject(new EndedError(`${this.ending} while waiting for ${what}; came ${this.shown()}`))
      }
      this.watchers.add(look)
      look()
    })
    return within(found, () => `${what}; so far came ${this.shown()}`)
  }

  private append(chunk: Buffer): void {
    if (this.length + chunk.length > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + chunk.length))
      this.buffer.copy(larger, 0, 0, this.length)
      this.buffer = larger
    }
    chunk.copy(this.buffer, this.length)
    this.length += chunk.length
    this.changed()
  }

  private finish(ending: Ending): void {
    if (this.ending !== 'open') return
    this.ending = ending
    this.changed()
  }

  private changed(): void {
    for (const look of [...this.watchers]) look()
  }

  private shown(): string {
    const text = this.text
    return JSON.stringify(text.length > 600 ? `${text.slice(0, 300)} … ${text.slice(-300)}` : text)
  }
}
