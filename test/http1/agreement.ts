// Compares what we accept with what Node's own parser reads, in two ways: from the bytes as they came, and from the
// bytes as we pass them on, one message behind the other as on a connection to a server, with a canary behind the last.
// Whoever can move the canary can smuggle. Where the two are meant to differ is in node-exceptions.ts.
import { Refusal } from '../../src/http1/refusals.ts'
import {
  type Exception,
  firstLine,
  NODE_REFUSES,
  NODE_REFUSES_REQUESTS,
  NODE_REFUSES_RESPONSES,
  NODE_STOPS_BEHIND,
} from './node-exceptions.ts'
import { type NodeMessage, type NodeSighting, readRequestsAsNode, readResponsesAsNode } from './node-reader.ts'
import { linesOf, observeRequests, observeResponses, type SeenMessage } from './observe.ts'

const CANARY = 'GET /canary HTTP/1.1\r\nHost: canary\r\n\r\n'

/** The head of a message as Node is shown it: its first line, and its fields without the empty line. */
type HeadOf = (message: SeenMessage) => readonly [line: string, block: string]

/** The first way in which we and Node read these requests differently, or null. */
export async function requestDisagreement(bytes: Buffer): Promise<string | null> {
  const { messages, ending } = observeRequests([bytes])
  const comparable = readableByNode(messages, NODE_REFUSES_REQUESTS)
  const last = comparable.at(-1)
  if (last === undefined) return null
  const node = await readRequestsAsNode(bytes)
  const readsOn = last.keepAlive && !stopsNode(last) && !(ending instanceof Refusal)
  if (readsOn && comparable.length === messages.length && node.messages.length !== messages.length) {
    return `we read ${messages.length} requests, Node ${node.messages.length} (${node.error})`
  }
  const found = compare(comparable, node, ending instanceof Refusal, (message) => [
    firstLine(message),
    blockOf(message),
  ])
  return found ?? (await passedOnDisagreement(comparable.filter((message) => message.complete)))
}

async function passedOnDisagreement(messages: readonly SeenMessage[]): Promise<string | null> {
  const head: HeadOf = (message) => [
    message.line.replace(/1\.0$/, '1.1'),
    `${message.host === '' ? 'Host: server\r\n' : ''}${message.fields.forward}`,
  ]
  const node = await readRequestsAsNode(Buffer.from(written(messages, head) + CANARY, 'latin1'))
  if (node.messages.length !== messages.length + 1 || node.messages.at(-1)!.line !== 'GET /canary HTTP/1.1') {
    return `passed on, ${messages.length} requests and the canary are ${node.messages.length} to Node (${node.error})`
  }
  return prefixed('passed on: ', compare(messages, node, false, head))
}

/** The first way in which we and Node read these responses to `method` differently, or null. */
export async function responseDisagreement(bytes: Buffer, method: string): Promise<string | null> {
  const { messages, ending } = observeResponses([bytes], method)
  const comparable = readableByNode(messages, NODE_REFUSES_RESPONSES)
  const last = comparable.at(-1)
  if (last === undefined) return null
  const node = await readResponsesAsNode(bytes, method)
  const found = compare(comparable, node, ending instanceof Refusal, (message) => [message.line, blockOf(message)])
  // The fields that ask for a tunnel are added by the proxy.
  if (found !== null || ending !== 'clean' || last.framing === 'tunnel') return found
  const head: HeadOf = (message) => [message.line.replace(/^HTTP\/1\.0/, 'HTTP/1.1'), message.fields.forward]
  const passedOn = await readResponsesAsNode(Buffer.from(written(comparable, head), 'latin1'), method)
  return prefixed('passed on: ', compare(comparable, passedOn, false, head))
}

/** The messages before the first that Node is known to refuse, and up to the first behind which it stops. */
function readableByNode(messages: readonly SeenMessage[], exceptions: readonly Exception[]): readonly SeenMessage[] {
  const known = [...NODE_REFUSES, ...exceptions]
  const refused = messages.findIndex((message) => known.some((each) => each.applies(message)))
  const readable = refused < 0 ? messages : messages.slice(0, refused)
  const stop = readable.findIndex(stopsNode)
  return stop < 0 ? readable : readable.slice(0, stop + 1)
}

function stopsNode(message: SeenMessage): boolean {
  return NODE_STOPS_BEHIND.some((each) => each.applies(message))
}

/** With `refused` we gave the last message up half-way; what Node makes of its rest is no matter. */
function compare(ours: readonly SeenMessage[], node: NodeSighting, refused: boolean, head: HeadOf): string | null {
  for (const [index, message] of ours.entries()) {
    const theirs = node.messages[index]
    if (theirs === undefined) return `Node does not read message ${index + 1}: ${node.error}`
    if (refused && !message.complete) return null
    const found = compareOne(message, theirs, head(message))
    if (found !== null) return `message ${index + 1}: ${found} (${node.error})`
  }
  return null
}

function compareOne(ours: SeenMessage, theirs: NodeMessage, [line, block]: readonly [string, string]): string | null {
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

function written(messages: readonly SeenMessage[], head: HeadOf): string {
  return messages.map((message) => `${head(message).join('\r\n')}\r\n${message.raw}`).join('')
}

function difference(what: string, ours: unknown, theirs: unknown): string {
  return `${what}: ours ${JSON.stringify(ours)}, Node's ${JSON.stringify(theirs)}`
}

function prefixed(prefix: string, found: string | null): string | null {
  return found === null ? null : prefix + found
}

/** The header block as it came, without its empty line. */
function blockOf(message: SeenMessage): string {
  return message.head.replace(/^(?:\r\n)*[^\r\n]+\r\n/, '').slice(0, -2)
}
