// Follows a chunked body byte for byte without keeping it (RFC 9112 section 7.1). Strict where others disagree: sizes
// without spaces or signs, CR LF only, bounded extensions and trailers. The bytes pass on as they came; for an HTTP/1.0
// client `unframe` also moves the content together in place.
import { checkTrailers } from './fields.ts'
import { REFUSALS, type Refusal } from './refusals.ts'

const SIZE_START = 0
const SIZE = 1
const EXTENSION = 2
const SIZE_LF = 3
const DATA = 4
const DATA_CR = 5
const DATA_LF = 6
const TRAILERS = 7
const DONE = 8

const MAX_SIZE_DIGITS = 13
const MAX_EXTENSION = 256
const MAX_TRAILERS = 8192
const MAX_TRAILER_COUNT = 100
const CR = 13
const LF = 10

export class ChunkedReader {
  refusal: Refusal | null = null
  /** Content bytes seen so far, without framing. */
  content = 0
  /** The trailer section with its empty line, once done. */
  trailers = ''
  private state: number = SIZE_START
  private remaining = 0
  private digits = 0
  private extension = 0

  get done(): boolean {
    return this.state === DONE
  }

  reset(): void {
    this.refusal = null
    this.content = 0
    this.trailers = ''
    this.state = SIZE_START
    this.remaining = 0
    this.digits = 0
    this.extension = 0
  }

  /** Takes bytes; returns the offset behind the last byte of the body, or `end` when it goes on, or -1 when refused. */
  feed(bytes: Uint8Array, start: number, end: number): number {
    let at = start
    while (at < end) {
      if (this.state === DATA) {
        const part = Math.min(this.remaining, end - at)
        this.remaining -= part
        this.content += part
        at += part
        if (this.remaining === 0) this.state = DATA_CR
        continue
      }
      if (!this.step(bytes[at++]!)) return -1
      if (this.state === DONE) return at
    }
    return at
  }

  /** As `feed`, and moves the content to `start` on; `this.unframedEnd` is then the end of the content. */
  unframedEnd = 0
  unframe(bytes: Uint8Array, start: number, end: number): number {
    let at = start
    this.unframedEnd = start
    while (at < end) {
      if (this.state === DATA) {
        const part = Math.min(this.remaining, end - at)
        bytes.copyWithin(this.unframedEnd, at, at + part)
        this.unframedEnd += part
        this.remaining -= part
        this.content += part
        at += part
        if (this.remaining === 0) this.state = DATA_CR
        continue
      }
      if (!this.step(bytes[at++]!)) return -1
      if (this.state === DONE) return at
    }
    return at
  }

  /** One byte of framing; false when it may not stand here. */
  private step(byte: number): boolean {
    switch (this.state) {
      case SIZE_START:
      case SIZE: {
        const digit = hexValue(byte)
        if (digit >= 0) {
          this.remaining = this.remaining * 16 + digit
          this.state = SIZE
          return ++this.digits <= MAX_SIZE_DIGITS || this.bad(REFUSALS.badChunk)
        }
        if (this.state === SIZE_START) return this.bad(REFUSALS.badChunk)
        if (byte === CR) this.state = SIZE_LF
        else if (byte === 59) this.state = EXTENSION
        else return this.bad(REFUSALS.badChunk)
        return true
      }
      case EXTENSION:
        if (byte === CR) this.state = SIZE_LF
        else if ((byte < 32 && byte !== 9) || byte > 126 || ++this.extension > MAX_EXTENSION) {
          return this.bad(REFUSALS.badChunk)
        }
        return true
      case SIZE_LF:
        if (byte !== LF) return this.bad(REFUSALS.badChunk)
        this.digits = 0
        this.extension = 0
        this.state = this.remaining === 0 ? TRAILERS : DATA
        return true
      case DATA_CR:
        this.state = DATA_LF
        return byte === CR || this.bad(REFUSALS.badChunk)
      case DATA_LF:
        this.state = SIZE_START
        return byte === LF || this.bad(REFUSALS.badChunk)
      default:
        return this.trailerByte(byte)
    }
  }

  private trailerByte(byte: number): boolean {
    const before = this.trailers
    this.trailers += String.fromCharCode(byte)
    if (before.endsWith('\r') !== (byte === LF)) return this.bad(REFUSALS.badTrailer)
    if (this.trailers.length > MAX_TRAILERS) return this.bad(REFUSALS.badTrailer)
    if (byte === LF && (before === '\r' || before.endsWith('\r\n\r'))) {
      const refusal = checkTrailers(this.trailers, MAX_TRAILER_COUNT)
      if (refusal !== null) return this.bad(refusal)
      this.state = DONE
    }
    return true
  }

  private bad(refusal: Refusal): false {
    this.refusal = refusal
    return false
  }
}

function hexValue(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const letter = byte | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}
