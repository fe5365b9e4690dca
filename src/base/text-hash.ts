// 32-bit hashes of text and numbers that spread well and are the same everywhere; not for secrets. They have a sign: V8 keeps
// such numbers in registers and fields as they are, while one of 2^31 or more may become an object on the heap.

const C1 = 0xcc9e2d51
const C2 = 0x1b873593

/** MurmurHash3 (x86, 32 bits; Austin Appleby, public domain) of the UTF-16 units, two to a block. */
export function hashText(text: string, seed = 0): number {
  let hash = seed | 0
  const { length } = text
  for (let at = 0; at < length; at += 2) {
    let block = text.charCodeAt(at)
    if (at + 1 < length) block |= text.charCodeAt(at + 1) << 16
    block = Math.imul(block, C1)
    block = (block << 15) | (block >>> 17)
    hash ^= Math.imul(block, C2)
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  return mixHash(hash ^ length)
}

/** The finisher of MurmurHash3: every bit of the outcome depends on every bit of the number. */
export function mixHash(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
