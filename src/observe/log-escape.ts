// What comes from outside must not be able to end a line, forge another one, or steer the reader's terminal.
// Besides the ASCII controls that means C1 controls (terminals obey U+009B), and the characters that break or reorder lines.

const UNSAFE_IN_MESSAGE = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/
const UNSAFE_IN_MESSAGE_ALL = new RegExp(UNSAFE_IN_MESSAGE, 'g')
const UNSAFE_IN_QUOTED = /[^\x20\x21\x23-\x5b\x5d-\x7e]/
const UNSAFE_IN_QUOTED_ALL = new RegExp(UNSAFE_IN_QUOTED, 'g')
const UNSAFE_IN_JSON = /[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** For a message that people read: controls become `\n`, `\x1b`, `\u2028`; every other character stays. */
export function escapeMessage(text: string): string {
  return UNSAFE_IN_MESSAGE.test(text) ? text.replace(UNSAFE_IN_MESSAGE_ALL, escapeCharacter) : text
}

/** For text between quotes: as `escapeMessage`, and also quotes, backslashes and all that is not ASCII. */
export function escapeQuoted(text: string): string {
  return UNSAFE_IN_QUOTED.test(text) ? text.replace(UNSAFE_IN_QUOTED_ALL, escapeCharacter) : text
}

/** A JSON string with its quotes; harmless on a terminal too. */
export function jsonString(text: string): string {
  return UNSAFE_IN_QUOTED.test(text) ? safeJson(text) : `"${text}"`
}

/** JSON on one line, harmless on a terminal. Throws as `JSON.stringify` does. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE_IN_JSON, unicodeEscape)
}

function escapeCharacter(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  if (character === '\t') return '\\t'
  const code = character.charCodeAt(0)
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : unicodeEscape(character)
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
