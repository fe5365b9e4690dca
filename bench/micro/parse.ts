// `node bench/micro/parse.ts [seconds]`: what reading a head costs, from the bytes of a read to the facts: once when nothing
// is known of the connection, and once as the next one on a connection whose last head is remembered.
import { HeadReader } from '../../src/http1/head-reader.ts'
import { Refusal } from '../../src/http1/refusals.ts'
import { type RequestHead, readRequestHead } from '../../src/http1/request-head.ts'
import { readResponseHead } from '../../src/http1/response-head.ts'
import { serialise } from '../cases/bench-case.ts'
import { browser } from '../cases/browser.ts'
import { SMALL_REQUEST } from '../cases/small.ts'
import { table } from '../report/table.ts'
import { cost, costCells } from './cost.ts'

const LIMITS = { request_head_size: 64 * 1024, request_target_length: 16 * 1024, request_headers: 100 }
const RESPONSE = Buffer.from(
  'HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Tue, 25 Nov 2025 12:00:00 GMT\r\nContent-Type: text/plain\r\n' +
    'Content-Length: 120\r\nConnection: keep-alive\r\nX-Server: 1\r\n\r\n',
  'latin1',
)

/** Reads the requests in turn; each knows the one before it, or none of them does. */
function requests(messages: readonly Buffer[], remembers: boolean): (times: number) => void {
  const reader = new HeadReader(LIMITS.request_head_size, LIMITS.request_target_length)
  let previous: RequestHead | null = null
  return (times) => {
    for (let time = 0; time < times; time++) {
      const bytes = messages[time % messages.length]!
      reader.feed(bytes, 0, bytes.length)
      const head = readRequestHead(reader.head, LIMITS, previous)
      if (head instanceof Refusal) throw new Error(head.message)
      if (remembers) previous = head
    }
  }
}

/** As a connection to a server does it: an equal head is not read again. */
function responses(remembers: boolean): (times: number) => void {
  const reader = new HeadReader(64 * 1024, 0)
  let last = ''
  return (times) => {
    for (let time = 0; time < times; time++) {
      reader.feed(RESPONSE, 0, RESPONSE.length)
      if (remembers && reader.head === last) continue
      last = reader.head
      if (readResponseHead(last) instanceof Refusal) throw new Error('refused')
    }
  }
}

const small = [serialise(SMALL_REQUEST)]
const varied = browser.requests.map(serialise)
const millis = 1000 * Number(process.argv[2] ?? 0.5)
const rows = [['head', 'size', 'each', '']]
for (const [name, messages, run] of [
  ['request, small, first', small, requests(small, false)],
  ['request, small, repeated', small, requests(small, true)],
  ['request, browser-like, first', varied, requests(varied, false)],
  ['request, browser-like, next', varied, requests(varied, true)],
  ['response, first', [RESPONSE], responses(false)],
  ['response, repeated', [RESPONSE], responses(true)],
] as const) {
  rows.push([name, `${messages[0]!.length} bytes`, ...costCells(cost(run, millis))])
}
console.log(table(rows))
