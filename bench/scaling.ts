// `npm run bench:scaling`: what two workers carry, in terms of what one does. On a machine with few cores the load and the
// servers need some of them too, so requests per second tell nothing. What counts is the CPU time per request, with all
// programs on all cores: where it stays the same with two workers, two cores do twice the work of one.
import { CASES } from './cases/index.ts'
import { explain } from './explain.ts'
import { cores, shareCores } from './machine/pinning.ts'
import { choose, readOptions } from './options.ts'
import { octoload, THIS_TREE } from './peers/octoload.ts'
import { pairedRatio } from './report/paired.ts'
import { table } from './report/table.ts'
import { cpu } from './report/units.ts'
import type { CaseResult } from './runner.ts'
import { runSession } from './session.ts'

const USAGE = `npm run bench:scaling -- [options]
  --octoload-dir DIR   measure the octoload in DIR in place of this tree's`
const DEFAULT_CASES = 'small,browser,body64k'
/** What is asked for. */
const LEAST = 1.8

const [ONE, TWO] = ['1 worker', '2 workers'] as const

async function main(): Promise<void> {
  const options = readOptions(USAGE)
  const cases = options.cases === CASES ? choose('case', DEFAULT_CASES, CASES) : options.cases
  if (cores < 2) throw new Error('this machine has one core')
  shareCores()
  const folder = options.octoloadFolder ?? THIS_TREE
  const peers = [octoload(folder, ONE, { workers: 1 }), octoload(folder, TWO, { workers: 2 })]
  const results = await runSession(peers, { ...options, cases }, { names: [ONE], label: `× ${ONE}` })
  console.log(`\n${summary(results)}`)
}

function summary(results: readonly CaseResult[]): string {
  const rows = [['case', `CPU µs, ${ONE}`, `CPU µs, ${TWO}`, `${TWO} carry`]]
  for (const { name, peers } of results) {
    const [one, two] = [ONE, TWO].map((peer) => peers.find((result) => result.name === peer))
    if (one === undefined || two === undefined) continue
    const paired = pairedRatio(one.rounds, two.rounds)
    if (paired === null) continue
    const carry = 2 * paired.ratio
    const range = paired.range === null ? '' : ` (${paired.range.map((value) => (2 * value).toFixed(2)).join('–')})`
    if (carry < LEAST) process.exitCode = 1
    const alarm = carry < LEAST ? ` !!! below ${LEAST}` : ''
    rows.push([
      name,
      cpu(one.median.cpuPerRequest),
      cpu(two.median.cpuPerRequest),
      `${carry.toFixed(2)}${range} ×${alarm}`,
    ])
  }
  return table(rows)
}

main().catch(explain)
