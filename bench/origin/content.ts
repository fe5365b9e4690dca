// What the origin answers, whichever program it is: the large bodies under their paths, the small one for all others.

/** 120 bytes. */
export const SMALL_BODY = Buffer.from(
  'Octoload benchmark response: one hundred and twenty bytes of plain text, neither more nor less than that. 0123456789 ok\n',
)

export const BODY_64K = filler(64 * 1024)
export const BODY_1M = filler(1024 * 1024)

/** Paths whose bodies are served as files. */
export const FILES: ReadonlyMap<string, Buffer> = new Map([
  ['/64k', BODY_64K],
  ['/1m', BODY_1M],
])

/** Answers the small body and, in X-Received, the Content-Length of the request. */
export const UPLOAD_PATH = '/upload'

/** Answers with these headers as it received them, so that a check can see that every proxy does the same work. */
export const FORWARDED_PATH = '/forwarded'

export const FORWARDED_HEADERS = ['host', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'via'] as const

/** Numbered lines, so that a lost or doubled piece cannot go unseen. */
function filler(size: number): Buffer {
  let text = ''
  for (let line = 0; text.length < size; line++) text += `line ${line}: the quick brown fox jumps over the lazy dog\n`
  return Buffer.from(text.slice(0, size))
}
