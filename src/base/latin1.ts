// Bytes as text and back, one byte one character. Node's own method for it is faster than `toString('latin1')`, for it
// skips looking up the encoding; it is not in the typings.

interface Latin1 {
  latin1Slice(start: number, end: number): string
}

/**
 * The same text in one piece. V8 keeps text that was put together as its parts until somebody looks into it, so that text
 * which is kept to be put together with more would be gone through part by part every time.
 */
export function inOnePiece(text: string): string {
  const bytes = Buffer.from(text, 'latin1')
  return readLatin1(bytes, 0, bytes.length)
}

/** The bytes from `start` to `end` as text. */
export function readLatin1(bytes: Buffer, start: number, end: number): string {
  return (bytes as unknown as Latin1).latin1Slice(start, end)
}
