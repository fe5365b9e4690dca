// What we accept is what Node's own parser reads, from the bytes as they came and as we pass them on: for every case, for
// valid messages drawn from the grammar, and for a bounded run of the fuzzer (`npm run fuzz` goes on for longer).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { requestDisagreement, responseDisagreement } from './agreement.ts'
import { readCases } from './case-files.ts'
import { Fuzzer } from './fuzzer.ts'
import { request, responses, type WrittenMessage } from './grammar.ts'
import { NODE_REFUSES, NODE_REFUSES_REQUESTS, NODE_REFUSES_RESPONSES, NODE_STOPS_BEHIND } from './node-exceptions.ts'
import { observeRequests, observeResponses } from './observe.ts'
import { SEED } from './seed.ts'

const FUZZ_RUNS = 5000

describe(`http1: differential against Node (SEED=${SEED})`, () => {
  it('Node reads every case as we do, where we accept it', async () => {
    for (const { place, bytes, answerTo } of readCases()) {
      const found = answerTo === null ? await requestDisagreement(bytes) : await responseDisagreement(bytes, answerTo)
      assert.equal(found, null, place)
    }
  })

  it('every exception is needed by a case, and there are few', () => {
    const messages = readCases().flatMap(({ bytes, answerTo }) =>
      answerTo === null ? observeRequests([bytes]).messages : observeResponses([bytes], answerTo).messages,
    )
    const requests = messages.filter((message) => !message.line.startsWith('HTTP/1.'))
    const answers = messages.filter((message) => message.line.startsWith('HTTP/1.'))
    for (const [exceptions, seen] of [
      [NODE_REFUSES_REQUESTS, requests],
      [NODE_REFUSES_RESPONSES, answers],
      [[...NODE_REFUSES, ...NODE_STOPS_BEHIND], messages],
    ] as const) {
      assert.ok(exceptions.length < 5)
      for (const each of exceptions)
        assert.ok(
          seen.some((message) => each.applies(message)),
          each.why,
        )
    }
  })

  it('Node reads valid requests as we do', async () => {
    const messages = fc.array(request, { minLength: 1, maxLength: 4 })
    const agrees = fc.asyncProperty(messages, async (written) => {
      assert.equal(await requestDisagreement(bytesOf(written)), null)
    })
    await fc.assert(agrees, { numRuns: 500, seed: SEED })
  })

  it('Node reads valid responses as we do', async () => {
    const agrees = fc.asyncProperty(responses, async (written) => {
      assert.equal(await responseDisagreement(bytesOf(written), 'GET'), null)
    })
    await fc.assert(agrees, { numRuns: 500, seed: SEED })
  })

  it(`${FUZZ_RUNS} inputs of the fuzzer show no defect`, async () => {
    const fuzzer = new Fuzzer(SEED)
    while (fuzzer.runs < FUZZ_RUNS) await fuzzer.run()
  })
})

function bytesOf(written: readonly WrittenMessage[]): Buffer {
  return Buffer.from(written.map((each) => each.bytes).join(''), 'latin1')
}
