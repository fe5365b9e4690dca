// Where Node's parser and ours are meant to differ, each with the reason why no harm comes of it. A test makes sure that
// every one is needed by a case.
import http from 'node:http'
import type { SeenMessage } from './observe.ts'

export interface Exception {
  readonly why: string
  applies(message: SeenMessage): boolean
}

const EXTENSION = /^(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]*(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]*|"(?:[^"\\]|\\.)*"))?)*(?<!;)$/

/** Requests that Node refuses and we accept. */
export const NODE_REFUSES_REQUESTS: readonly Exception[] = [
  {
    why: 'Node knows a closed list of methods; to us a method is any token (RFC 9110, 9.1)',
    applies: (message) => !http.METHODS.includes(message.line.slice(0, message.line.indexOf(' '))),
  },
  {
    why: 'CONNECT ends HTTP on the connection for Node; our proxy answers it with 405',
    applies: (message) => message.line.startsWith('CONNECT '),
  },
  {
    why: 'Node takes no bytes above 0x7F in a target; they end it nowhere, so they pass unchanged',
    applies: (message) => /[\x80-\xff]/.test(firstLine(message)),
  },
]

/** Messages of either kind that Node refuses and we accept. */
export const NODE_REFUSES: readonly Exception[] = [
  {
    why: 'Node takes no white space and no empty names in chunk extensions; nobody reads them, and CR LF ends them',
    applies: (message) => chunkExtensions(message).some((extension) => !EXTENSION.test(extension)),
  },
]

/** Responses that Node reads in another way. */
export const NODE_REFUSES_RESPONSES: readonly Exception[] = [
  {
    why: 'Node makes a tunnel of a 101 only where the server names a protocol; the proxy decides by the request',
    applies: ({ framing, fields }) => framing === 'tunnel' && !(fields.connectionUpgrade && fields.upgrade !== ''),
  },
]

/** Messages behind which Node stops reading and we go on. */
export const NODE_STOPS_BEHIND: readonly Exception[] = [
  {
    why: 'Node reads Proxy-Connection like Connection; it is no field of the protocol, and is not passed on',
    applies: (message) => /^proxy-connection:[^\r\n]*close/im.test(message.head),
  },
  {
    why: 'Node may take what follows an Upgrade for another protocol, also where we know better (h2c)',
    applies: (message) => message.fields.connectionUpgrade,
  },
  {
    why: 'Node reads nothing behind an interim response that closes; to us only the final one can close (RFC 9112, 9.6)',
    applies: (message) => /^HTTP\/1\.. 1/.test(message.line) && !message.keepAlive,
  },
]

/** The request or status line as it came. */
export function firstLine(message: SeenMessage): string {
  return /[^\r\n]+/.exec(message.head)![0]
}

/** What stands behind the sizes of the chunks of a chunked body. */
function chunkExtensions(message: SeenMessage): string[] {
  const extensions: string[] = []
  const { raw } = message
  for (let at = 0; message.framing === 'chunked' && at < raw.length; ) {
    const lineEnd = raw.indexOf('\r\n', at)
    const line = raw.slice(at, lineEnd < 0 ? raw.length : lineEnd)
    extensions.push(line.replace(/^[0-9a-f]+/i, ''))
    const size = Number.parseInt(line, 16)
    if (lineEnd < 0 || size === 0) break
    at = lineEnd + 2 + size + 2
  }
  return extensions
}
