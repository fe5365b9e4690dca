// Where the text of a hash key comes from, as the option says it.
import type { KeySource } from '../seams/strategy.ts'

/** Of the option, in whole. */
export const KEY_PATTERN =
  "client_address|path|host|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+|cookie:[!#$%&'*+.^_`|~0-9A-Za-z-]+|query:[^&=#\\s]+"

/** Takes a text that matches the pattern. */
export function readKeySource(text: string): KeySource {
  const [kind = '', name = ''] = text.split(/:(.*)/s)
  return { kind: kind as KeySource['kind'], name: kind === 'header' ? name.toLowerCase() : name }
}
