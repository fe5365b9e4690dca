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
      const from = index << 6
      for (let word = 0; word < 16; word++) block[word] = wordOf(text, from + (word << 2))
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
    // Four rounds a time: the shifts are constant then, and no word needs to be moved.
    for (let round = 0; round < 16; round += 4) {
      a = (b + turned(a + ((b & c) | (~b & d)) + SINES[round]! + block[round]!, 7)) | 0
      d = (a + turned(d + ((a & b) | (~a & c)) + SINES[round + 1]! + block[round + 1]!, 12)) | 0
      c = (d + turned(c + ((d & a) | (~d & b)) + SINES[round + 2]! + block[round + 2]!, 17)) | 0
      b = (c + turned(b + ((c & d) | (~c & a)) + SINES[round + 3]! + block[round + 3]!, 22)) | 0
    }
    for (let round = 16; round < 32; round += 4) {
      a = (b + turned(a + ((d & b) | (~d & c)) + SINES[round]! + block[(5 * round + 1) & 15]!, 5)) | 0
      d = (a + turned(d + ((c & a) | (~c & b)) + SINES[round + 1]! + block[(5 * round + 6) & 15]!, 9)) | 0
      c = (d + turned(c + ((b & d) | (~b & a)) + SINES[round + 2]! + block[(5 * round + 11) & 15]!, 14)) | 0
      b = (c + turned(b + ((a & c) | (~a & d)) + SINES[round + 3]! + block[(5 * round + 16) & 15]!, 20)) | 0
    }
    for (let round = 32; round < 48; round += 4) {
      a = (b + turned(a + (b ^ c ^ d) + SINES[round]! + block[(3 * round + 5) & 15]!, 4)) | 0
      d = (a + turned(d + (a ^ b ^ c) + SINES[round + 1]! + block[(3 * round + 8) & 15]!, 11)) | 0
      c = (d + turned(c + (d ^ a ^ b) + SINES[round + 2]! + block[(3 * round + 11) & 15]!, 16)) | 0
      b = (c + turned(b + (c ^ d ^ a) + SINES[round + 3]! + block[(3 * round + 14) & 15]!, 23)) | 0
    }
    for (let round = 48; round < 64; round += 4) {
      a = (b + turned(a + (c ^ (b | ~d)) + SINES[round]! + block[(7 * round) & 15]!, 6)) | 0
      d = (a + turned(d + (b ^ (a | ~c)) + SINES[round + 1]! + block[(7 * round + 7) & 15]!, 10)) | 0
      c = (d + turned(c + (a ^ (d | ~b)) + SINES[round + 2]! + block[(7 * round + 14) & 15]!, 15)) | 0
      b = (c + turned(b + (d ^ (c | ~a)) + SINES[round + 3]! + block[(7 * round + 21) & 15]!, 21)) | 0
    }
    words[0] = words[0]! + a
    words[1] = words[1]! + b
    words[2] = words[2]! + c
    words[3] = words[3]! + d
  }
}

/** Four bytes of the text from `at` on; behind it one bit, and zeros. */
function wordOf(text: string, at: number): number {
  const rest = text.length - at
  if (rest < 0) return 0
  if (rest < 4) return lastWordOf(text, at)
  return (
    (text.charCodeAt(at) & 255) |
    ((text.charCodeAt(at + 1) & 255) << 8) |
    ((text.charCodeAt(at + 2) & 255) << 16) |
    (text.charCodeAt(at + 3) << 24)
  )
}

function lastWordOf(text: string, from: number): number {
  let word = 0x80 << ((text.length & 3) << 3)
  for (let at = from; at < text.length; at++) word |= (text.charCodeAt(at) & 255) << ((at & 3) << 3)
  return word
}

function turned(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by))
}
