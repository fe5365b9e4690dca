// Compares what we accept with what Node's own parser reads, in two ways: from the bytes as they came, and from the
// bytes as we pass them on, one message behind the other as on a connection to a server, with a canary behind the last.
// Whoever can move the canary can smuggle.
import http from 'node:http'
import { Refusal } from '../../src/http1/refusals.ts'
import { type NodeMessage, type NodeSighting, readRequestsAsNode, readResponsesAsNode } from './node-reader.ts'
import { linesOf, observeRequests, observeResponses, type SeenMessage } from './observe.ts'

const CANARY = 'GET /canary HTTP/1.1\r\nHost: canary\r\n\r\n'

/** What Node refuses and we accept, with the reason why no harm comes of it. */
export const NODE_REFUSES: readonly { why: string; refuses(message: SeenMessage): boolean }[] = [
  {
    why: 'Node knows a closed list of methods; to us a method is any token (RFC 9110, 9.1)',
    refuses: (message) => !http.METHODS.includes(message.line.slice(0, message.line.indexOf(' '))),
  },
  {
    why: 'CONNECT ends HTTP on the connection for Node; our proxy answers it with 405',
    refuses: (message) => message.line.startsWith('CONNECT '),
  },
  {
    why: 'Node takes no bytes above 0x7F in a target; they end it nowhere, so they pass unchanged',
    refuses: (message) => /[\x80-\xff]/.test(firstLine(message)),
  },
  {
    why: 'Node takes no white space and no empty names in chunk extensions; nobody reads them, and CR LF ends them',
    refuses: (message) => chunkExtensions(message).some((extension) => !NODE_EXTENSION.test(extension)),
  },
]

const NODE_EXTENSION =
  /^(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]*(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]*|"(?:[^"\\]|\\.)*"))?)*(?<!;)$/

/** The first way in which we and Node read these requests differently, or null. */
export async function requestDisagreement(bytes: Buffer): Promise<string | null> {
  const { messages, ending } = observeRequests([bytes])
  const known = messages.findIndex((message) => NODE_REFUSES.some((each) => each.refuses(message)))
  const comparable = known < 0 ? messages : messages.slice(0, known)
  if (comparable.length === 0) return null
  const node = await readRequestsAsNode(bytes)
  const closes = !comparable.at(-1)!.keepAlive
  if (known < 0 && !closes && !(ending instanceof Refusal) && node.messages.length !== messages.length) {
    return `we read ${messages.length} requests, Node ${node.messages.length} (${node.error})`
  }
  return (
    compare(comparable, node, ending instanceof Refusal, (message) => [firstLine(message), blockOf(message)]) ??
    (await passedOnDisagreement(comparable.filter((message) => message.complete)))
  )
}

async function passedOnDisagreement(messages: readonly SeenMessage[]): Promise<string | null> {
  const head = (message: SeenMessage): [string, string] => [
    message.line.replace(/1\.0$/, '1.1'),
    `${message.host === '' ? 'Host: server\r\n' : ''}${message.fields.forward}`,
  ]
  const stream = messages.map((message) => `${head(message).join('\r\n')}\r\n${message.raw}`)
  const node = await readRequestsAsNode(Buffer.from(stream.join('') + CANARY, 'latin1'))
  const last = node.messages.at(-1)
  if (node.messages.length !== messages.length + 1 || last?.line !== 'GET /canary HTTP/1.1') {
    return `passed on, ${messages.length} requests and the canary are ${node.messages.length} to Node (${node.error})`
  }
  return prefixed('passed on: ', compare(messages, node, false, head))
}

/** The first way in which we and Node read these responses to `method` differently, or null. */
export async function responseDisagreement(bytes: Buffer, method: string): Promise<string | null> {
  const { messages, ending } = observeResponses([bytes], method)
  if (messages.length === 0) return null
  const node = await readResponsesAsNode(bytes, method)
  const found = compare(messages, node, ending instanceof Refusal, (message) => [message.line, blockOf(message)])
  if (found !== null || ending !== 'clean') return found
  const head = (message: SeenMessage): [string, string] => [
    message.line.replace(/^HTTP\/1\.0/, 'HTTP/1.1'),
    message.fields.forward,
  ]
  // The fields that ask for a tunnel are added by the proxy.
  if (messages.at(-1)!.framing === 'tunnel') return null
  const stream = messages.map((message) => `${head(message).join('\r\n')}\r\n${message.raw}`)
  const passedOn = await readResponsesAsNode(Buffer.from(stream.join(''), 'latin1'), method)
  return prefixed('passed on: ', compare(messages, passedOn, false, head))
}

/** With `refused` we gave the last message up half-way; what Node makes of its rest is no matter. */
function compare(
  ours: readonly SeenMessage[],
  node: NodeSighting,
  refused: boolean,
  head: (message: SeenMessage) => [line: string, block: string],
): string | null {
  for (const [index, message] of ours.entries()) {
    const theirs = node.messages[index]
    if (theirs === undefined) return `Node does not read message ${index + 1}: ${node.error}`
    if (refused && !message.complete) return null
    const found = compareOne(message, theirs, ...head(message))
    if (found !== null) return `message ${index + 1}: ${found} (${node.error})`
  }
  return null
}

function compareOne(ours: SeenMessage, theirs: NodeMessage, line: string, block: string): string | null {
  if (line.trimEnd() !== theirs.line.trimEnd()) return difference('line', line, theirs.line)
  if (linesOf(block).join('\n') !== theirs.headers.join('\n')) {
    return difference('headers', linesOf(block), theirs.headers)
  }
  if (ours.complete !== theirs.complete) return difference('complete', ours.complete, theirs.complete)
  // Of a message that broke off Node may hold back what it read last.
  if (!ours.complete) return ours.body.startsWith(theirs.body) ? null : difference('body', ours.body, theirs.body)
  if (ours.body !== theirs.body) return difference('body', ours.body, theirs.body)
  const trailers = linesOf(ours.trailers)
  return trailers.join('\n') === theirs.trailers.join('\n') ? null : difference('trailers', trailers, theirs.trailers)
}

function difference(what: string, ours: unknown, theirs: unknown): string {
  return `${what}: ours ${JSON.stringify(ours)}, Node's ${JSON.stringify(theirs)}`
}

function prefixed(prefix: string, found: string | null): string | null {
  return found === null ? null : prefix + found
}

function firstLine(message: SeenMessage): string {
  return /[^\r\n]+/.exec(message.head)![0]
}

/** The header block as it came, without its empty line. */
function blockOf(message: SeenMessage): string {
  return message.head.replace(/^(?:\r\n)*[^\r\n]+\r\n/, '').slice(0, -2)
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
