// `npm run bench:compare -- COMMIT`: this tree, with its uncommitted changes, against a commit. Both run in the same
// rounds, taking turns, for on most machines two runs differ by more than two commits do.
import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { explain } from './explain.ts'
import { tempFolder } from './machine/temp-folder.ts'
import { choose, readOptions } from './options.ts'
import { OTHERS } from './peers/index.ts'
import { octoload, THIS_TREE } from './peers/octoload.ts'
import { pairedRatio, pairedText } from './report/paired.ts'
import { table } from './report/table.ts'
import { cpu, ratio } from './report/units.ts'
import type { CaseResult, PeerResult } from './runner.ts'
import { runSession } from './session.ts'

const USAGE = `npm run bench:compare -- COMMIT [options]
  Only the two octoloads run; --only nginx,haproxy adds others.`

const NEW = 'this tree'

async function main(): Promise<void> {
  const options = readOptions(USAGE)
  const [revision, ...rest] = options.arguments
  if (revision === undefined || rest.length > 0) throw new Error(`name one commit\n${USAGE}`)
  const commit = git('rev-parse', '--short', `${revision}^{commit}`)
  const others = options.only === null ? [] : choose('proxy', options.only.join(','), OTHERS)
  const peers = [...others, octoload(unpack(commit), commit), octoload(options.octoloadFolder ?? THIS_TREE, NEW)]
  const cases = await runSession(peers, options, { names: [commit], label: `× ${commit}` })
  console.log(`\n${summary(cases, commit)}`)
}

/** The files of the commit in a temporary folder. An archive leaves no trace in the repository, unlike a worktree. */
function unpack(commit: string): string {
  const folder = tempFolder(`octoload-${commit}`)
  const archive = execFileSync('git', ['archive', commit], { cwd: THIS_TREE, maxBuffer: 1 << 30 })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
  symlinkSync(join(THIS_TREE, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

function summary(cases: readonly CaseResult[], commit: string): string {
  const rows = [['case', `CPU µs ${commit}`, `CPU µs ${NEW}`, 'ratio', 'requests/s ratio', 'memory ratio']]
  for (const result of cases) {
    const before = find(result, commit)
    const after = find(result, NEW)
    if (before === undefined || after === undefined) continue
    rows.push([
      result.name,
      cpu(before.median.cpuPerRequest),
      cpu(after.median.cpuPerRequest),
      pairedText(pairedRatio(after.rounds, before.rounds)),
      ratio(quotient(after.median.requestsPerSecond, before.median.requestsPerSecond)),
      ratio(quotient(after.median.memory, before.median.memory)),
    ])
  }
  if (rows.length === 1) return 'Nothing to compare: no case was measured on both.'
  return `${NEW} against ${commit} (a ratio below 1 means less CPU, fewer requests, less memory)\n${table(rows)}`
}

function find(result: CaseResult, name: string): PeerResult | undefined {
  return result.peers.find((peer) => peer.name === name)
}

function quotient(after: number | null, before: number | null): number | null {
  return after === null || before === null || before === 0 ? null : after / before
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: THIS_TREE, encoding: 'utf8' }).trim()
}

main().catch(explain)
