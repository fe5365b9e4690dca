// Bends valid bytes into ones that are nearly valid, which is where parsers disagree.

// biome-ignore format: a list, not a column
const PIECES = [
  '\r\n', '\n', '\r', '\r\n\r\n', '\n\n', ' ', '\t', '\0', '\x0b', '\x7f', '\xff', ':', ',', ';', '"', '0', '1', 'f', '0x', '+', '-',
  'Content-Length: 5\r\n', 'Content-Length: 0\r\n', 'Content-Length', 'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding',
  'chunked', 'chunked, chunked', 'identity', 'Host: b.example\r\n', 'Connection: close\r\n', 'Connection: keep-alive\r\n',
  'Connection: upgrade\r\nUpgrade: x\r\n', 'Expect: 100-continue\r\n', 'X_Y: z\r\n', ' x: folded\r\n', '0\r\n\r\n', '5\r\nhello\r\n',
  '5;a=b\r\nhello\r\n', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.0', 'HTTP/1.1 200 OK\r\n', 'http://b.example/', '*',
  'ffffffffffffffff', '18446744073709551616', 'HTTP/1.1 100 Continue\r\n\r\n', 'Connection: content-length\r\n',
]

/** One to four changes drawn from `random`; pieces may come from `others`. */
export function mutate(bytes: Buffer, others: readonly Buffer[], random: () => number): Buffer {
  let text = bytes.toString('latin1')
  for (let left = 1 + below(4, random); left > 0; left--) text = change(text, others, random)
  return Buffer.from(text.slice(0, MAX_LENGTH), 'latin1')
}

/** Longer inputs take time and show nothing new; limits are tried with lowered ones. */
const MAX_LENGTH = 4096

function change(text: string, others: readonly Buffer[], random: () => number): string {
  const at = below(text.length + 1, random)
  const end = Math.min(text.length, at + 1 + below(random() < 0.7 ? 4 : 40, random))
  const before = text.slice(0, at)
  switch (below(9, random)) {
    case 0:
      return before + PIECES[below(PIECES.length, random)] + text.slice(at)
    case 1:
      return before + PIECES[below(PIECES.length, random)] + text.slice(end)
    case 2:
      return before + text.slice(end)
    case 3:
      return text.slice(0, end) + text.slice(at)
    case 4:
      return before + String.fromCharCode(below(256, random)) + text.slice(at + 1)
    case 5:
      return before + flipCase(text.slice(at, end)) + text.slice(end)
    case 6:
      return before + others[below(others.length, random)]!.toString('latin1').slice(below(20, random))
    case 7:
      return text + others[below(others.length, random)]!.toString('latin1')
    default:
      return moveLine(text, random)
  }
}

/** Takes a line out and puts it, or a copy of it, at the start of another. */
function moveLine(text: string, random: () => number): string {
  const lines = text.split(/(?<=\n)/)
  const from = below(lines.length, random)
  const line = lines[from]!
  if (random() < 0.5) lines.splice(from, 1)
  lines.splice(below(lines.length + 1, random), 0, line)
  return lines.join('')
}

function flipCase(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()))
}

function below(limit: number, random: () => number): number {
  return Math.floor(random() * limit)
}
