// Finds the end of a body in a stream of bytes (RFC 9112 section 6). The bytes themselves are the caller's business.
import { ChunkedReader } from './chunked-reader.ts'
import type { Fields } from './fields.ts'
import type { Refusal } from './refusals.ts'

const NONE = 0
const LENGTH = 1
const CHUNKED = 2
const UNTIL_CLOSE = 3

export class BodyReader {
  /** The last byte of the body has passed. Never true for a body that ends with the connection. */
  done = true
  private framing: number = NONE
  private remaining = 0
  private seen = 0
  /** Made for the first chunked body. */
  private chunks: ChunkedReader | null = null

  get refusal(): Refusal | null {
    return this.framing === CHUNKED ? this.chunks!.refusal : null
  }

  /** The body ends where the connection ends. */
  get untilClose(): boolean {
    return this.framing === UNTIL_CLOSE
  }

  /** Content bytes seen so far, without chunk framing. */
  get content(): number {
    return this.framing === CHUNKED ? this.chunks!.content : this.seen
  }

  /** The trailer section of a chunked body with its empty line, once done; empty for other bodies. */
  get trailers(): string {
    return this.framing === CHUNKED ? this.chunks!.trailers : ''
  }

  /** Expects the body of a request: no framing means no body. */
  startRequest(fields: Fields): void {
    if (fields.chunked) this.startChunked()
    else this.startLength(Math.max(fields.contentLength, 0))
  }

  /** Expects the body of a final response to `method` (RFC 9112 section 6.3). */
  startResponse(fields: Fields, status: number, method: string): void {
    if (method === 'HEAD' || status === 204 || status === 304) this.startLength(0)
    else if (fields.chunked) this.startChunked()
    else if (fields.contentLength >= 0) this.startLength(fields.contentLength)
    else {
      this.framing = UNTIL_CLOSE
      this.seen = 0
      this.done = false
    }
  }

  /** Takes bytes; returns the offset behind the last byte that belongs to the body, or -1 when the framing is bad. */
  feed(bytes: Uint8Array, start: number, end: number): number {
    if (this.framing === CHUNKED) {
      const at = this.chunks!.feed(bytes, start, end)
      this.done = this.chunks!.done
      return at
    }
    return this.take(start, end)
  }

  /** As `feed`; chunk framing is taken out in place, and the content ends at `unframedEnd`. */
  unframe(bytes: Uint8Array, start: number, end: number): number {
    if (this.framing !== CHUNKED) {
      this.unframedEnd = this.take(start, end)
      return this.unframedEnd
    }
    const at = this.chunks!.unframe(bytes, start, end)
    this.unframedEnd = this.chunks!.unframedEnd
    this.done = this.chunks!.done
    return at
  }
  unframedEnd = 0

  private take(start: number, end: number): number {
    const part = this.framing === UNTIL_CLOSE ? end - start : Math.min(this.remaining, end - start)
    this.seen += part
    if (this.framing !== UNTIL_CLOSE) {
      this.remaining -= part
      this.done = this.remaining === 0
    }
    return start + part
  }

  private startLength(length: number): void {
    this.framing = length === 0 ? NONE : LENGTH
    this.remaining = length
    this.seen = 0
    this.done = length === 0
  }

  private startChunked(): void {
    this.framing = CHUNKED
    if (this.chunks === null) this.chunks = new ChunkedReader()
    else this.chunks.reset()
    this.done = false
  }
}
