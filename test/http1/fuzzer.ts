// Makes inputs without end: cases and messages drawn from the grammar, bent a little.
import fc from 'fast-check'
import { seededRandom } from '../../src/base/random.ts'
import { readCases } from './case-files.ts'
import { type FuzzInput, findDefect, minimise } from './fuzz-input.ts'
import { request, responses, type WrittenMessage } from './grammar.ts'
import { mutate } from './mutate.ts'
import { escapeBytes } from './notation.ts'

/** Cases longer than this are about limits, and would only slow the fuzzer down. */
const LONGEST_SEED = 1024

export class Fuzzer {
  runs = 0
  private readonly random: () => number
  private readonly inputs: readonly FuzzInput[]
  private readonly requests: readonly Buffer[]
  private readonly responses: readonly Buffer[]

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.inputs = [...seedsFromCases(), ...seedsFromGrammar(seed)]
    this.requests = this.inputs.flatMap((input) => (input.answerTo === null ? [input.bytes] : []))
    this.responses = this.inputs.flatMap((input) => (input.answerTo === null ? [] : [input.bytes]))
  }

  /** Tries one input; throws an error with the smallest input that still fails. */
  async run(): Promise<void> {
    this.runs++
    const { answerTo, bytes } = this.inputs[Math.floor(this.random() * this.inputs.length)]!
    const input = { answerTo, bytes: mutate(bytes, answerTo === null ? this.requests : this.responses, this.random) }
    const defect = await findDefect(input, this.random)
    if (defect === null) return
    const smallest = await minimise(input, defect, this.random)
    const what = (await findDefect(smallest, this.random)) ?? defect
    const kind = answerTo === null ? 'request' : `response to ${answerTo}`
    throw new Error(`${what}\n\n\`\`\`${kind}\n${escapeBytes(smallest.bytes.toString('latin1'))}\n\`\`\``)
  }
}

function seedsFromCases(): FuzzInput[] {
  return readCases().filter((each) => each.bytes.length <= LONGEST_SEED)
}

function seedsFromGrammar(seed: number): FuzzInput[] {
  const written = (messages: readonly WrittenMessage[]): Buffer =>
    Buffer.from(messages.map((each) => each.bytes).join(''), 'latin1')
  const requests = fc.sample(fc.array(request, { minLength: 1, maxLength: 3 }), { seed, numRuns: 200 })
  const answers = fc.sample(responses, { seed, numRuns: 100 })
  return [
    ...requests.map((each) => ({ bytes: written(each), answerTo: null })),
    ...answers.map((each) => ({ bytes: written(each), answerTo: 'GET' })),
  ]
}
