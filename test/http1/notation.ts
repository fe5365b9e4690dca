// Bytes as readable text and back, for the cases and for messages of failed tests: printable ASCII stands for itself,
// other bytes are \r \n \t \0 \xHH, a backslash is \\, and \{COUNT TEXT} is TEXT repeated COUNT times.

const ESCAPE = /\\(?:([rnt0\\])|x([0-9a-fA-F]{2})|\{([0-9]+) ([^}]+)\})|[\\\u0100-\uffff]/g
const SIMPLE: Record<string, string> = { r: '\r', n: '\n', t: '\t', '0': '\0', '\\': '\\' }

/** The text that a notation stands for, one character a byte. Throws when an escape is unknown. */
export function unescapeBytes(notation: string): string {
  return notation.replace(ESCAPE, (whole, simple?: string, hex?: string, count?: string, text?: string) => {
    if (simple !== undefined) return SIMPLE[simple]!
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    if (count !== undefined && text !== undefined) return unescapeBytes(text).repeat(Number(count))
    throw new Error(`Not in the notation: ${whole} in ${notation}`)
  })
}

/** The notation of bytes given as text, one character a byte; never uses the repeating form. */
export function escapeBytes(text: string): string {
  return text.replace(/[^\x20-\x5b\x5d-\x7e]/g, (byte) => {
    for (const [letter, meaning] of Object.entries(SIMPLE)) if (meaning === byte) return `\\${letter}`
    return `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
