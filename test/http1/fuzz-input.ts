// One input of the fuzzer: what is checked of it, and how a failing one is made small.
import type { RequestLimits } from '../../src/http1/request-head.ts'
import { requestDisagreement, responseDisagreement } from './agreement.ts'
import { eventsOf, LIMITS, observeRequests, observeResponses } from './observe.ts'
import { byteByByte, randomSplit } from './splits.ts'

export interface FuzzInput {
  readonly bytes: Buffer
  /** The method of the request that the bytes answer, or null when they are requests. */
  readonly answerTo: string | null
}

/** So low that small inputs reach them. */
const LOW_LIMITS: RequestLimits = { request_head_size: 90, request_target_length: 20, request_headers: 3 }

/** The first defect that the input shows, or null: a crash, a split that matters, or a disagreement with Node. */
export async function findDefect(input: FuzzInput, random: () => number): Promise<string | null> {
  try {
    return splitDefect(input, random) ?? (await disagreement(input))
  } catch (error) {
    return `crash: ${error instanceof Error ? error.stack : error}`
  }
}

function splitDefect({ bytes, answerTo }: FuzzInput, random: () => number): string | null {
  for (const limits of [LIMITS, LOW_LIMITS]) {
    const read = (parts: Buffer[], forget = false): string =>
      (answerTo === null
        ? eventsOf(observeRequests(parts, limits, forget), false)
        : eventsOf(observeResponses(parts, answerTo, limits.request_head_size), true)
      ).join('\n')
    const whole = read([bytes])
    const apart = read(byteByByte(bytes))
    if (apart !== whole) return `split: whole\n${whole}\nbyte by byte\n${apart}`
    const parts = randomSplit(bytes, random)
    const some = read(parts)
    if (some !== whole) return `split: whole\n${whole}\nin parts of ${parts.map((part) => part.length)}\n${some}`
    const fresh = read([bytes], true)
    if (fresh !== whole) return `memory: with the head before\n${whole}\nwithout\n${fresh}`
  }
  return null
}

async function disagreement({ bytes, answerTo }: FuzzInput): Promise<string | null> {
  const found = answerTo === null ? await requestDisagreement(bytes) : await responseDisagreement(bytes, answerTo)
  return found === null ? null : `differs from Node: ${found}`
}

/** Takes out as much of a failing input as can go while it shows a defect of the same kind. */
export async function minimise(input: FuzzInput, defect: string, random: () => number): Promise<FuzzInput> {
  const kind = defect.split(':', 1)[0]
  let { bytes } = input
  for (let size = bytes.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at + size <= bytes.length; ) {
      const smaller = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)])
      const found = await findDefect({ ...input, bytes: smaller }, random)
      if (found?.split(':', 1)[0] === kind) bytes = smaller
      else at += size
    }
  }
  return { ...input, bytes }
}
