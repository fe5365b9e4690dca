// Reads the parser cases from their Markdown files; README.md beside them describes the form.
import { readdirSync, readFileSync } from 'node:fs'
import { escapeBytes, unescapeBytes } from './notation.ts'

const DIRECTORY = new URL('./cases/', import.meta.url)

export interface ParserCase {
  /** `chunked.md:12`, the line of the title. */
  readonly place: string
  readonly title: string
  /** The method of the request that the bytes answer, or null when they are requests. */
  readonly answerTo: string | null
  readonly bytes: Buffer
  /** In the notation of `escapeBytes`. */
  readonly events: readonly string[]
}

/** All cases in the order of files and lines. Throws with the place of whatever is not a case. */
export function readCases(): ParserCase[] {
  const names = readdirSync(DIRECTORY).filter((name) => name.endsWith('.md') && name !== 'README.md')
  return names.sort().flatMap((name) => readCaseFile(name, readFileSync(new URL(name, DIRECTORY), 'utf8')))
}

function readCaseFile(name: string, text: string): ParserCase[] {
  const cases: ParserCase[] = []
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    if (!lines[at]!.startsWith('## ')) continue
    const next = lines.findIndex((line, index) => index > at && line.startsWith('## '))
    cases.push(readCase(`${name}:${at + 1}`, lines.slice(at, next < 0 ? lines.length : next)))
  }
  return cases
}

function readCase(place: string, lines: string[]): ParserCase {
  const fences = lines.flatMap((line, index) => (line.startsWith('```') ? [index] : []))
  const [first, firstEnd, second, secondEnd] = fences
  const kind = /^```(?:request|response to ([A-Z]+))$/.exec(lines[first ?? 0]!)
  if (fences.length !== 4 || kind === null || lines[second!] !== '```events' || lines[2] === '') {
    throw new Error(`${place}: a case is a title, its reason, a block of bytes and a block of events`)
  }
  const notation = lines.slice(first! + 1, firstEnd)
  if (notation.some((line) => /\s$/.test(line))) throw new Error(`${place}: write white space at a line's end as \\x20`)
  return {
    place,
    title: lines[0]!.slice(3),
    answerTo: kind[1] ?? null,
    bytes: Buffer.from(unescapeBytes(notation.join('')), 'latin1'),
    events: lines.slice(second! + 1, secondEnd).map((line) => escapeBytes(unescapeBytes(line))),
  }
}
