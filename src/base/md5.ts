// MD5 (RFC 1321) of short texts without any allocation, for ketama rings, which other programs compute with it too.
// Not for secrets. The text is taken as bytes: each UTF-16 unit must be below 256, as in heads read as latin1.

const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
const SINES = Int32Array.from({ length: 64 }, (_, round) => Math.floor(Math.abs(Math.sin(round + 1)) * 2 ** 32) | 0)
const SHIFT = Int32Array.from({ length: 64 }, (_, round) => SHIFTS[(round >> 4) * 4 + (round & 3)]!)
const WORD = Int32Array.from({ length: 64 }, (_, round) => {
  if (round < 16) return round
  if (round < 32) return (5 * round + 1) & 15
  return round < 48 ? (3 * round + 5) & 15 : (7 * round) & 15
})

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
      block.fill(0)
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

  private addBlock(): void {
    const { words, block } = this
    let a = words[0]!
    let b = words[1]!
    let c = words[2]!
    let d = words[3]!
    for (let round = 0; round < 64; round++) {
      let mixed: number
      if (round < 16) mixed = (b & c) | (~b & d)
      else if (round < 32) mixed = (d & b) | (~d & c)
      else if (round < 48) mixed = b ^ c ^ d
      else mixed = c ^ (b | ~d)
      const sum = (a + mixed + SINES[round]! + block[WORD[round]!]!) | 0
      const shift = SHIFT[round]!
      a = d
      d = c
      c = b
      b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0
    }
    words[0] = words[0]! + a
    words[1] = words[1]! + b
    words[2] = words[2]! + c
    words[3] = words[3]! + d
  }
}
