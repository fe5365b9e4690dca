// Bytes as text and back, one byte one character. Node's own method for it is faster than `toString('latin1')`, for it
// skips looking up the encoding; it is not in the typings.

interface Latin1 {
  latin1Slice(start: number, end: number): string
}

/** The bytes from `start` to `end` as text. */
export function readLatin1(bytes: Buffer, start: number, end: number): string {
  return (bytes as unknown as Latin1).latin1Slice(start, end)
}
