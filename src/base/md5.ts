// MD5 (RFC 1321) of short texts without any allocation, for ketama rings, which other programs compute with it too.
// Not for secrets. The text is taken as bytes: each UTF-16 unit must be below 256, as in heads read as latin1.

const SINES = Int32Array.from({ length: 64 }, (_, round) => Math.floor(Math.abs(Math.sin(round + 1)) * 2 ** 32) | 0)

export class Md5 {
  /** The digest as four words, the lowest byte of each first. */
  readonly words = new Int32Array(4)
  private readonly block = new Int32Array(16)

  /** Fills `words`; returns the first of them. */
  digest(text: string): number {
    const { words, block } = this
    const { length } = text
    words[0] = 0x67452301
    words[1] = 0xefcdab89
    words[2] = 0x98badcfe
    words[3] = 0x10325476
    // The text, one bit, and zeros up to the length in the last eight bytes.
    const blocks = ((length + 8) >>> 6) + 1
    for (let index = 0; index < blocks; index++) {
      // In place of `fill`, which is a call.
      for (let word = 0; word < 16; word++) block[word] = 0
      const from = index << 6
      const end = Math.min(length, from + 64)
      for (let at = from; at < end; at++) block[(at - from) >> 2]! |= (text.charCodeAt(at) & 255) << ((at & 3) << 3)
      if (length >= from && length < from + 64) block[(length - from) >> 2]! |= 0x80 << ((length & 3) << 3)
      if (index === blocks - 1) {
        block[14] = length << 3
        block[15] = length >>> 29
      }
      this.addBlock()
    }
    return words[0]
  }

  /** Four rounds at a time, after which a, b, c and d are what they were called before. */
  private addBlock(): void {
    const { words, block } = this
    let a = words[0]!
    let b = words[1]!
    let c = words[2]!
    let d = words[3]!
    for (let i = 0; i < 16; i += 4) {
      a = round(a, b, (b & c) | (~b & d), block[i]!, i, 7)
      d = round(d, a, (a & b) | (~a & c), block[i + 1]!, i + 1, 12)
      c = round(c, d, (d & a) | (~d & b), block[i + 2]!, i + 2, 17)
      b = round(b, c, (c & d) | (~c & a), block[i + 3]!, i + 3, 22)
    }
    for (let i = 16; i < 32; i += 4) {
      a = round(a, b, (d & b) | (~d & c), block[(5 * i + 1) & 15]!, i, 5)
      d = round(d, a, (c & a) | (~c & b), block[(5 * i + 6) & 15]!, i + 1, 9)
      c = round(c, d, (b & d) | (~b & a), block[(5 * i + 11) & 15]!, i + 2, 14)
      b = round(b, c, (a & c) | (~a & d), block[(5 * i) & 15]!, i + 3, 20)
    }
    for (let i = 32; i < 48; i += 4) {
      a = round(a, b, b ^ c ^ d, block[(3 * i + 5) & 15]!, i, 4)
      d = round(d, a, a ^ b ^ c, block[(3 * i + 8) & 15]!, i + 1, 11)
      c = round(c, d, d ^ a ^ b, block[(3 * i + 11) & 15]!, i + 2, 16)
      b = round(b, c, c ^ d ^ a, block[(3 * i + 14) & 15]!, i + 3, 23)
    }
    for (let i = 48; i < 64; i += 4) {
      a = round(a, b, c ^ (b | ~d), block[(7 * i) & 15]!, i, 6)
      d = round(d, a, b ^ (a | ~c), block[(7 * i + 7) & 15]!, i + 1, 10)
      c = round(c, d, a ^ (d | ~b), block[(7 * i + 14) & 15]!, i + 2, 15)
      b = round(b, c, d ^ (c | ~a), block[(7 * i + 5) & 15]!, i + 3, 21)
    }
    words[0] = words[0]! + a
    words[1] = words[1]! + b
    words[2] = words[2]! + c
    words[3] = words[3]! + d
  }
}

/** Adds up last what is known last, so that the rest need not wait for it. */
function round(word: number, next: number, mixed: number, part: number, number: number, shift: number): number {
  const sum = (word + SINES[number]! + part + mixed) | 0
  return (next + ((sum << shift) | (sum >>> (32 - shift)))) | 0
}
