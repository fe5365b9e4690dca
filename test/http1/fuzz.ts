// Runs the fuzzer for a while: `npm run fuzz -- --seconds 60 [--seed 1]`. Prints the seed, the number of inputs tried, and
// the smallest failing input in the notation of the cases.
import { parseArgs } from 'node:util'
import { Fuzzer } from './fuzzer.ts'
import { SEED } from './seed.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } } })
const seed = values.seed === undefined ? SEED : Number(values.seed)
const seconds = Number(values.seconds)
if (!Number.isSafeInteger(seed) || !(seconds > 0)) {
  console.error('usage: npm run fuzz -- [--seconds NUMBER] [--seed WHOLE_NUMBER]')
  process.exit(2)
}

console.log(`seed ${seed}, ${seconds} s`)
const fuzzer = new Fuzzer(seed)
const end = performance.now() + seconds * 1000
try {
  while (performance.now() < end) await fuzzer.run()
  console.log(`${fuzzer.runs} inputs, no defect`)
} catch (error) {
  console.error(
    `input ${fuzzer.runs} of seed ${seed} shows a defect:\n${error instanceof Error ? error.message : error}`,
  )
  process.exitCode = 1
}
