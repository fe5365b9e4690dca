// Ways to cut the same bytes into parts. The parser must not tell them apart.

/** Bytes in parts that end at the given positions, in rising order. */
export function splitAt(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const ends = [...positions, bytes.length]
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end))
}

export function byteByByte(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
}

/** One to six positions drawn from `random`. */
export function randomSplit(bytes: Buffer, random: () => number): Buffer[] {
  const count = 1 + Math.floor(random() * 6)
  const positions = Array.from({ length: count }, () => Math.floor(random() * (bytes.length + 1)))
  return splitAt(
    bytes,
    positions.sort((a, b) => a - b),
  )
}
