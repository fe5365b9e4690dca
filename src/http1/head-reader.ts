// Gathers the bytes of a head until its empty line. Usually the whole head is in one read and nothing is kept.
// What can never become a head is refused at once, so that a client speaking another protocol need not wait, and the
// outcome is the same however the bytes were split: the first offence in the order of the bytes counts.
import { readLatin1 } from '../base/latin1.ts'
import { REFUSALS, type Refusal } from './refusals.ts'

/** CR and LF only together; no control byte but HTAB. */
const OFFENCE = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n|$)|(?<!\r)\n/g
const NOT_A_TOKEN_BYTE = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/
/** Most heads fit into this many bytes, so that no more of a large read is turned into text. */
const FIRST_SLICE = 2048
const MAX_LEADING_BREAKS = 4

export const MORE = -1
export const REFUSED = -2

export class HeadReader {
  /** The whole head with its empty line, once `feed` returned an offset. */
  head = ''
  /** Set when `feed` returned REFUSED. */
  refusal: Refusal | null = null
  private partial = ''
  private checked = 0
  private leadingBreaks = 0
  private readonly maxSize: number
  /** 0: this reads responses, which have no target. */
  private readonly maxTarget: number

  constructor(maxSize: number, maxTarget: number) {
    this.maxSize = maxSize
    this.maxTarget = maxTarget
  }

  /** True when part of a head has arrived, but not all of it. */
  get begun(): boolean {
    return this.partial !== ''
  }

  /** Takes bytes; returns the offset just behind the head, MORE, or REFUSED. */
  feed(bytes: Buffer, start: number, end: number): number {
    if (this.partial !== '' || this.leadingBreaks !== 0) return this.feedMore(bytes, start, end)
    let text = readLatin1(bytes, start, end - start > FIRST_SLICE ? start + FIRST_SLICE : end)
    if (this.repeats(text)) return start + this.head.length
    let stop = text.indexOf('\r\n\r\n')
    if (stop < 0 && end - start > FIRST_SLICE) {
      text = readLatin1(bytes, start, Math.min(end, start + this.maxSize + 4))
      stop = text.indexOf('\r\n\r\n')
    }
    // A first byte of CR or LF: an empty line before the request line, which RFC 9112 section 2.2 lets us skip.
    if (stop < 0 || stop + 4 > this.maxSize || text.charCodeAt(0) <= 13) return this.feedMore(bytes, start, end)
    this.head = stop + 4 === text.length ? text : text.slice(0, stop + 4)
    return start + stop + 4
  }

  /**
   * Whether `text` begins with the last head, which need not be searched for its end, then. To compare is three times
   * quicker than to search, and the same string is known without looking into it again.
   */
  private repeats(text: string): boolean {
    const { head } = this
    const size = head.length
    // Most heads that differ have no end of a line just there.
    if (text.charCodeAt(size - 3) !== 10) return false
    return (text.length === size ? text : text.slice(0, size)) === head
  }

  private feedMore(bytes: Buffer, start: number, end: number): number {
    let from = start
    if (this.partial === '' && this.maxTarget > 0) {
      while (from < end && bytes[from] === (this.leadingBreaks % 2 === 0 ? 13 : 10)) {
        from++
        this.leadingBreaks++
      }
      if (this.leadingBreaks > 2 * MAX_LEADING_BREAKS) return this.refuse(REFUSALS.badRequestLine)
      if (from === end) return MORE
      if (this.leadingBreaks % 2 === 1) return this.refuse(REFUSALS.bareLineBreak)
    }
    const had = this.partial.length
    const text = this.partial + readLatin1(bytes, from, Math.min(end, from + this.maxSize + 4 - had))
    const stop = text.indexOf('\r\n\r\n', Math.max(0, had - 3))
    if (stop < 0 || stop + 4 > this.maxSize) {
      const refusal = this.offence(text)
      if (refusal !== null) return this.refuse(refusal)
      this.partial = text
      this.checked = text.length
      return MORE
    }
    this.head = text.slice(0, stop + 4)
    this.reset()
    return from + stop + 4 - had
  }

  /** Ready for the next head. */
  reset(): void {
    this.partial = ''
    this.checked = 0
    this.leadingBreaks = 0
  }

  private refuse(refusal: Refusal): number {
    this.refusal = refusal
    return REFUSED
  }

  private offence(text: string): Refusal | null {
    return this.maxTarget > 0
      ? requestOffence(text, this.checked, this.maxSize, this.maxTarget)
      : responseOffence(text, this.checked, this.maxSize)
  }
}

/** The first offence that a prefix of a request head shows, looking only from about `checked` on; null when there is none. */
export function requestOffence(text: string, checked: number, maxSize: number, maxTarget: number): Refusal | null {
  if (checked === 0 && NOT_A_TOKEN_BYTE.test(text.charAt(0))) {
    return text.charCodeAt(0) === 22 ? REFUSALS.notHttp : REFUSALS.badMethod
  }
  const offence = offenceAt(text, checked)
  const space = text.indexOf(' ')
  if (space > 0) {
    const limit = space + 1 + maxTarget
    const stop = text.indexOf(' ', space + 1)
    const lineEnd = text.indexOf('\r', space + 1)
    const targetEnd = stop < 0 || (lineEnd >= 0 && lineEnd < stop) ? lineEnd : stop
    if ((targetEnd < 0 ? text.length : targetEnd) > limit && (offence < 0 || offence >= limit)) {
      return REFUSALS.targetTooLong
    }
  }
  return sized(text, offence, maxSize)
}

/** As `requestOffence`, for a response head. */
export function responseOffence(text: string, checked: number, maxSize: number): Refusal | null {
  if (!'HTTP/1.'.startsWith(text.slice(0, 7))) return REFUSALS.badStatusLine
  return sized(text, offenceAt(text, checked), maxSize)
}

function offenceAt(text: string, checked: number): number {
  OFFENCE.lastIndex = Math.max(0, checked - 1)
  return OFFENCE.exec(text)?.index ?? -1
}

function sized(text: string, offence: number, maxSize: number): Refusal | null {
  if (offence >= 0 && offence < maxSize) {
    const code = text.charCodeAt(offence)
    return code === 13 || code === 10 ? REFUSALS.bareLineBreak : REFUSALS.controlByte
  }
  return text.length > maxSize ? REFUSALS.headTooLarge : null
}
