// The request of an exchange on its way to a server: what came of the body together with the head is kept for as long as it
// may have to be sent again.
import type { SentRequest } from '../balance/retry-policy.ts'
import { readLatin1 } from '../base/latin1.ts'
import type { RequestHead } from '../http1/request-head.ts'
import type { Channel } from './channel.ts'

/** First body bytes up to this size are held as text and go out with the head in one write. */
const SMALL_BODY = 4 * 1024

export class OutgoingRequest implements SentRequest {
  /** The last byte of the request has arrived. */
  done: boolean
  /** It cannot be sent again: body bytes have left that are not held, or the client has heard from the server. */
  committed = false
  private readonly head: RequestHead
  /** What of the body came together with the head: in the read buffer while the exchange begins, then only if it is held. */
  private readonly bytes: Buffer
  private readonly start: number
  private readonly end: number
  /** The same in memory of its own. */
  private copy: string | Buffer | null = null

  constructor(head: RequestHead, bytes: Buffer, start: number, end: number, done: boolean) {
    this.head = head
    this.bytes = bytes
    this.start = start
    this.end = end
    this.done = done
  }

  get idempotent(): boolean {
    return this.head.idempotent
  }

  get held(): boolean {
    return !this.committed
  }

  get whole(): boolean {
    return this.done && !this.committed
  }

  /** Keeps the first part of the body, which is still in the read buffer. */
  hold(): void {
    const { bytes, start, end } = this
    if (this.copy !== null) return
    if (end - start > SMALL_BODY) this.copy = Buffer.from(bytes.subarray(start, end))
    else this.copy = start === end ? '' : readLatin1(bytes, start, end)
  }

  /** Sends `text`, the head, and the first part of the body. */
  begin(from: Channel, to: Channel, text: string): void {
    const { copy } = this
    if (typeof copy === 'string') to.write(copy === '' ? text : text + copy)
    else if (copy !== null) to.writeBytes(text, copy)
    else {
      this.committed = true
      from.relay(to, text, this.bytes, this.start, this.end)
    }
  }

  /** Passes on more of the body. */
  goOn(from: Channel, to: Channel, bytes: Buffer, start: number, end: number): void {
    this.committed = true
    from.relay(to, '', bytes, start, end)
  }
}
