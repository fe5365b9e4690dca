// What holds for all bytes, and for all valid messages, not only for those someone thought of.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../src/base/random.ts'
import { BodyReader } from '../../src/http1/body-reader.ts'
import { Fields } from '../../src/http1/fields.ts'
import { HeadReader, REFUSED } from '../../src/http1/head-reader.ts'
import { Refusal } from '../../src/http1/refusals.ts'
import { type RequestHead, readRequestHead } from '../../src/http1/request-head.ts'
import { readCases } from './case-files.ts'
import { chunkedBody, request, responses, type WrittenMessage } from './grammar.ts'
import { mutate } from './mutate.ts'
import { eventsOf, LIMITS, linesOf, observeRequests, observeResponses, type Sighting } from './observe.ts'
import { SEED } from './seed.ts'
import { byteByByte, randomSplit, splitAt } from './splits.ts'

/** So low that small inputs reach them. */
const LOW_LIMITS = { request_head_size: 90, request_target_length: 20, request_headers: 3 }

const corpus = readCases().filter((each) => each.bytes.length < 2048)
const requestCorpus = corpus.flatMap((each) => (each.answerTo === null ? [each.bytes] : []))
const responseCorpus = corpus.flatMap((each) => (each.answerTo === null ? [] : [each.bytes]))
const number = fc.integer()
const anyBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))

describe(`http1: properties (SEED=${SEED})`, () => {
  holds(
    'valid requests are read as they were written, however they arrive',
    400,
    [fc.array(request, { minLength: 1, maxLength: 4 }), number],
    (written, seed) => {
      const bytes = bytesOf(written)
      for (const parts of [[bytes], byteByByte(bytes), randomSplit(bytes, seededRandom(seed))]) {
        assertRead(observeRequests(parts), written)
      }
    },
  )

  holds(
    'valid responses are read as they were written, however they arrive',
    400,
    [responses, number],
    (written, seed) => {
      const bytes = bytesOf(written)
      for (const parts of [[bytes], byteByByte(bytes), randomSplit(bytes, seededRandom(seed))]) {
        assertRead(observeResponses(parts, 'GET'), written)
      }
    },
  )

  holds('any split of nearly valid requests gives the same result', 3000, [number], (seed) => {
    const random = seededRandom(seed)
    const bytes = mutate(pick(requestCorpus, random), requestCorpus, random)
    for (const limits of [LIMITS, LOW_LIMITS]) {
      const whole = eventsOf(observeRequests([bytes], limits), false)
      assert.deepEqual(eventsOf(observeRequests(byteByByte(bytes), limits), false), whole)
      assert.deepEqual(eventsOf(observeRequests(randomSplit(bytes, random), limits), false), whole)
      assert.deepEqual(
        eventsOf(observeRequests([bytes], limits, true), false),
        whole,
        'without memory of the head before',
      )
    }
  })

  holds(
    'what a connection remembers of its last head never changes how the next one is read',
    3000,
    [number],
    (seed) => {
      const random = seededRandom(seed)
      const memory = new HeadReader(300, 100)
      let previous: RequestHead | null = null
      let text = pick(requestCorpus, random)
      for (let i = 0; i < 8; i++) {
        // Mostly the same bytes again: whole, bent a little, cut off, or with more behind them.
        if (random() < 0.2) text = pick(requestCorpus, random)
        const next = random() < 0.5 ? text : mutate(text, requestCorpus, random)
        const cut = random() < 0.2 ? next.subarray(0, Math.floor(random() * next.length)) : next
        const bytes = random() < 0.3 ? Buffer.concat([cut, text]) : cut
        const fresh = new HeadReader(300, 100)
        const stop = memory.feed(bytes, 0, bytes.length)
        assert.equal(stop, fresh.feed(bytes, 0, bytes.length))
        assert.equal(memory.refusal, fresh.refusal)
        if (stop < 0) {
          if (stop === REFUSED) return
          memory.reset()
          continue
        }
        assert.equal(memory.head, fresh.head)
        const head: RequestHead | Refusal = readRequestHead(memory.head, LIMITS, previous)
        assert.deepEqual(head, readRequestHead(fresh.head, LIMITS, null))
        if (head instanceof Refusal) return
        previous = head
      }
    },
  )

  holds('any split of nearly valid responses gives the same result', 3000, [number], (seed) => {
    const random = seededRandom(seed)
    const bytes = mutate(pick(responseCorpus, random), responseCorpus, random)
    for (const [method, maxHead] of [
      ['GET', 16384],
      ['HEAD', 80],
    ] as const) {
      const whole = eventsOf(observeResponses([bytes], method, maxHead), true)
      assert.deepEqual(eventsOf(observeResponses(byteByByte(bytes), method, maxHead), true), whole)
      assert.deepEqual(eventsOf(observeResponses(randomSplit(bytes, random), method, maxHead), true), whole)
    }
  })

  holds(
    'random bytes never crash the parser, and their splits give the same result',
    1000,
    [anyBytes, number],
    (bytes, seed) => {
      const parts = randomSplit(bytes, seededRandom(seed))
      assert.deepEqual(eventsOf(observeRequests(parts), false), eventsOf(observeRequests([bytes]), false))
      assert.deepEqual(eventsOf(observeResponses(parts, 'GET'), true), eventsOf(observeResponses([bytes], 'GET'), true))
      const body = Buffer.concat([
        Buffer.from('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'),
        bytes,
      ])
      assert.deepEqual(eventsOf(observeRequests(splitAt(body, [60])), false), eventsOf(observeRequests([body]), false))
    },
  )

  holds(
    'a chunked body gives back what was put in, to the byte',
    400,
    [chunkedBody, fc.string({ unit: 'binary-ascii' }), number],
    (body, behind, seed) => {
      const bytes = Buffer.from(body.bytes + behind, 'latin1')
      const reader = new BodyReader()
      const fields = new Fields()
      fields.chunked = true
      reader.startRequest(fields)
      let content = ''
      let read = 0
      for (const part of randomSplit(bytes, seededRandom(seed))) {
        if (reader.done) break
        const copy = Buffer.from(part)
        read += reader.unframe(copy, 0, copy.length)
        content += copy.toString('latin1', 0, reader.unframedEnd)
      }
      assert.equal(reader.refusal, null)
      assert.equal(reader.done, true)
      assert.equal(content, body.content)
      assert.equal(read, body.bytes.length)
      assert.deepEqual(linesOf(reader.trailers), body.trailers)
    },
  )
})

function holds<T extends [unknown, ...unknown[]]>(
  promise: string,
  numRuns: number,
  arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
  check: (...values: T) => void,
): void {
  it(promise, () => fc.assert(fc.property(...arbitraries, check), { numRuns, seed: SEED }))
}

function assertRead(sighting: Sighting, written: readonly WrittenMessage[]): void {
  assert.equal(sighting.ending, 'clean')
  assert.equal(sighting.messages.length, written.length)
  for (const [index, message] of sighting.messages.entries()) {
    const { line, headers, body, trailers } = written[index]!
    assert.equal(message.line, line)
    assert.deepEqual(linesOf(message.fields.forward), headers)
    assert.equal(message.body, body)
    assert.deepEqual(linesOf(message.trailers), trailers)
    assert.equal(message.complete, true)
  }
}

function bytesOf(written: readonly WrittenMessage[]): Buffer {
  return Buffer.from(written.map((each) => each.bytes).join(''), 'latin1')
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)]!
}
