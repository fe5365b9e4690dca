// From text to a value and the place of every part of it. The text is JSON with comments and trailing commas.
import jsonc from 'jsonc-parser'
import type { ConfigProblem, Finding, Path } from './problem.ts'
import { formatPath, quote } from './problem.ts'

export interface Source {
  value: unknown
  /** Syntax errors and keys that stand twice. */
  problems: ConfigProblem[]
  /** False when the syntax is so broken that the value says nothing about what was meant. */
  isUsable: boolean
  /** Gives a finding its line and column. */
  place(finding: Finding): ConfigProblem
}

const DEEPEST = 64

/** Errors after which the parser goes on as if all were well. */
const HARMLESS = ['CommaExpected', 'InvalidEscapeCharacter', 'InvalidUnicode', 'InvalidCharacter']

export function readSource(text: string): Source {
  const reader = new Reader(text)
  return {
    value: reader.value,
    problems: reader.problems,
    isUsable: reader.isUsable,
    place: (finding) => reader.problem(finding.path, reader.offsetOf(finding), finding.message, finding.hint),
  }
}

interface Place {
  key: number
  value: number
}

class Reader {
  readonly problems: ConfigProblem[] = []
  readonly value: unknown
  isUsable = true
  private readonly text: string
  private readonly lineStarts: number[]
  private readonly places = new Map<string, Place>()

  constructor(text: string) {
    this.text = text.replace(/^\uFEFF/, '')
    this.lineStarts = [0]
    for (const { index, 0: end } of this.text.matchAll(/\r\n|\r|\n/g)) this.lineStarts.push(index + end.length)
    this.value = this.read()
  }

  problem(path: Path, offset: number, message: string, hint: string): ConfigProblem {
    return { path: formatPath(path), ...this.position(offset), message, hint }
  }

  /** The place of the key or value; for one that is missing, that of what should hold it. */
  offsetOf({ path, at }: Finding): number {
    const exact = this.places.get(placeKey(path))
    if (exact !== undefined) return exact[at]
    for (let length = path.length - 1; length >= 0; length--) {
      const outer = this.places.get(placeKey(path.slice(0, length)))
      if (outer !== undefined) return outer.value
    }
    return 0
  }

  private position(offset: number): { line: number; column: number } {
    let low = 0
    let high = this.lineStarts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.lineStarts[middle]! <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - this.lineStarts[low]! + 1 }
  }

  private read(): unknown {
    if (this.text.trim() === '') {
      const hint = 'the shortest config is {"servers": {"urls": ["http://localhost:8001"]}}'
      this.problems.push(this.problem([], 0, 'the config is empty', hint))
      this.isUsable = false
      return undefined
    }
    if (isTooDeep(this.text)) {
      this.problems.push(this.problem([], 0, `lists and objects are nested more than ${DEEPEST} deep`, ''))
      this.isUsable = false
      return undefined
    }
    const errors: jsonc.ParseError[] = []
    const tree = jsonc.parseTree(this.text, errors, { allowTrailingComma: true })
    this.addSyntaxProblems(errors)
    return tree === undefined ? undefined : this.valueOf(tree, [], tree.offset)
  }

  /** A parser that has lost its way finds errors where there are none, so what comes after that is not told. */
  private addSyntaxProblems(errors: readonly jsonc.ParseError[]): void {
    for (const { error, offset, length } of errors) {
      const code = jsonc.printParseErrorCode(error)
      const [message, hint] = describeSyntaxError(code, this.text.slice(offset, offset + length))
      // At a missing comma the parser points to what follows; the comma belongs behind what came before.
      const at = code === 'CommaExpected' ? endOfTokenBefore(this.text, offset) : offset
      this.problems.push(this.problem([], at, message, hint))
      this.isUsable = HARMLESS.includes(code)
      if (!this.isUsable) break
    }
  }

  private valueOf(node: jsonc.Node, path: Path, keyOffset: number): unknown {
    this.places.set(placeKey(path), { key: keyOffset, value: node.offset })
    if (node.type === 'array') {
      return (node.children ?? []).map((child, index) => this.valueOf(child, [...path, index], child.offset))
    }
    if (node.type !== 'object') return node.value
    const object: Record<string, unknown> = {}
    const firstOf = new Map<string, number>()
    for (const { children } of node.children ?? []) {
      const [key, value] = children ?? []
      if (key === undefined || value === undefined) continue
      this.addMember(object, firstOf, path, key, value)
    }
    return object
  }

  private addMember(
    object: Record<string, unknown>,
    firstOf: Map<string, number>,
    path: Path,
    key: jsonc.Node,
    value: jsonc.Node,
  ): void {
    const name = key.value as string
    const inner = [...path, name]
    const first = firstOf.get(name)
    if (name === '__proto__') {
      this.problems.push(this.problem(inner, key.offset, 'cannot be a key', ''))
    } else if (first !== undefined) {
      const { line, column } = this.position(first)
      const hint = `it stands first at ${line}:${column}; remove one of the two`
      this.problems.push(this.problem(inner, key.offset, 'stands twice in the same object', hint))
    } else {
      firstOf.set(name, key.offset)
      object[name] = this.valueOf(value, inner, key.offset)
    }
  }
}

function placeKey(path: Path): string {
  return JSON.stringify(path)
}

/** Where the last token before `offset` ends; comments and spaces are no tokens. */
function endOfTokenBefore(text: string, offset: number): number {
  const scanner = jsonc.createScanner(text, true)
  let end = 0
  while (scanner.scan() !== jsonc.SyntaxKind.EOF && scanner.getTokenOffset() < offset) {
    end = scanner.getTokenOffset() + scanner.getTokenLength()
  }
  return end
}

/** The parser calls itself for each level, so it must not meet a text that is made to exhaust the stack. */
function isTooDeep(text: string): boolean {
  const scanner = jsonc.createScanner(text, true)
  let depth = 0
  for (let token = scanner.scan(); token !== jsonc.SyntaxKind.EOF; token = scanner.scan()) {
    if (token === jsonc.SyntaxKind.OpenBraceToken || token === jsonc.SyntaxKind.OpenBracketToken) depth++
    if (token === jsonc.SyntaxKind.CloseBraceToken || token === jsonc.SyntaxKind.CloseBracketToken) depth--
    if (depth > DEEPEST) return true
  }
  return false
}

function describeSyntaxError(code: string, found: string): [message: string, hint: string] {
  const unexpected = found === '' ? 'unexpected end of the text' : `unexpected ${quote(found)}`
  switch (code) {
    case 'InvalidSymbol':
      if (found.startsWith("'")) return [`unexpected ${found}`, 'strings need double quotes']
      return [unexpected, `write "${found.replace(/[^\w.:/-]/g, '')}" with double quotes if it is meant as text or key`]
    case 'CommaExpected':
      return ['a comma is missing', '']
    case 'ColonExpected':
      return ['a colon is missing after the key', '']
    case 'PropertyNameExpected':
      return [found === '' ? unexpected : `expected a key, got ${found}`, 'keys stand in double quotes']
    case 'ValueExpected':
      return [found === '' ? unexpected : `expected a value, got ${found}`, '']
    case 'CloseBraceExpected':
      return ['a "}" is missing', '']
    case 'CloseBracketExpected':
      return ['a "]" is missing', '']
    case 'EndOfFileExpected':
      return ['expected the end of the text here', 'a config is one object; is there a "}" too many before?']
    case 'UnexpectedEndOfString':
      return ['the string does not end on its line', 'close it with double quotes; write \\n for a line break']
    case 'UnexpectedEndOfComment':
      return ['the comment does not end', 'close it with */']
    case 'InvalidUnicode':
    case 'InvalidEscapeCharacter':
      return [`invalid escape in ${found.slice(0, 80)}`, 'write \\\\ for a backslash']
    case 'InvalidCharacter':
      return ['a control character in a string', 'write it as \\u00XX']
    default:
      return [unexpected, '']
  }
}
