// What `run.ts` and `compare.ts` have in common: measure these peers in these cases, print as it goes, save the figures.
import { describePinning, pinThisProcess } from './machine/pinning.ts'
import type { Options } from './options.ts'
import { startOrigin } from './origin/origin.ts'
import type { Peer } from './peers/peer.ts'
import { alarms, caseTable, type Yardstick } from './report/case-table.ts'
import { machineFacts } from './report/machine-facts.ts'
import { save } from './report/save.ts'
import { type CaseResult, runCase } from './runner.ts'

/** Measures and prints. The process will exit with 1 when anything failed or any client met an error. */
export async function runSession(
  peers: readonly Peer[],
  options: Options,
  yardstick: Yardstick,
): Promise<readonly CaseResult[]> {
  pinThisProcess()
  const origin = await startOrigin(options.origin)
  const versions = Object.fromEntries(peers.map((peer) => [peer.name, peer.version() ?? 'unknown']))
  const { load, rounds, seconds, warmUp } = options
  const machine = machineFacts()
  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${machine.kernel}, Node ${machine.node}, commit ${machine.commit}`,
  )
  console.log(describePinning())
  console.log(`load: ${load.name} ${load.version()}; origin: ${origin.kind}; ${rounds} × ${seconds} s, median`)
  console.log(
    Object.entries(versions)
      .map((entry) => entry.join(' '))
      .join(', '),
  )

  const cases: CaseResult[] = []
  for (const benchCase of options.cases) {
    const result = await runCase(benchCase, { peers, rounds, seconds, warmUp, load, origin, progress })
    progress('')
    console.log(`\n${caseTable(result, yardstick)}`)
    if (benchCase.logging) console.log(logNotes(peers))
    if (alarms(result).length > 0) process.exitCode = 1
    cases.push(result)
  }
  await origin.stop()

  const allVersions = { ...versions, [load.name]: load.version() ?? 'unknown', origin: origin.kind }
  const run = { date: new Date().toISOString(), machine, versions: allVersions, rounds, seconds, cases }
  console.log(`\nAll figures: ${save(run, options.save)}`)
  return cases
}

function logNotes(peers: readonly Peer[]): string {
  return peers.map(({ name, log }) => `  ${name}: ${log?.about ?? 'left out, it has no log of requests'}`).join('\n')
}

/** A line that overwrites itself, only where someone is watching. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}
