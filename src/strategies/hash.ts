// Requests with the same key go to the same server (picking/hash-picker.ts): for caches and for what servers keep in memory.
import { boundOption, HashPicker, methodOption } from '../picking/hash-picker.ts'
import { KEY_PATTERN, readKeySource } from '../picking/key-source.ts'
import { defineStrategy } from '../seams/define-strategy.ts'

export const hash = defineStrategy({
  name: 'hash',
  title: 'hash',
  summary: 'The server that the key of a request belongs to: the same key goes to the same server.',
  showsLoad: false,
  options: {
    key: {
      kind: 'text',
      title: 'hash key',
      pattern: KEY_PATTERN,
      examples: ['path', 'header:X-User'],
      hint: 'write "client_address", "path", "host", "header:NAME", "cookie:NAME" or "query:NAME"',
      default: 'path',
      summary:
        'What decides: `client_address`, `path`, `host`, `header:NAME`, `cookie:NAME` or `query:NAME`. Requests without it take turns.',
    },
    method: methodOption,
    bounded_load: boundOption,
  },
  make: (servers, tools, { key, method, bounded_load }, before) =>
    new HashPicker(servers, tools, readKeySource(key), method, bounded_load, before),
})
