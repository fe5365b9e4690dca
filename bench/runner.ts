// Runs the cases. For each: start every peer, check it, warm it up, then measure in interleaved rounds (A B C A B C),
// so that a change of the machine's mood meets all alike.
import type { BenchCase } from './cases/bench-case.ts'
import { checkPeer } from './check.ts'
import type { LoadGenerator } from './load/load.ts'
import { type Measurement, measure, medianOf } from './measure.ts'
import type { Origin } from './origin/origin.ts'
import type { Peer } from './peers/peer.ts'
import { type RunningPeer, startPeer } from './running-peer.ts'

export interface Plan {
  readonly peers: readonly Peer[]
  readonly rounds: number
  /** Length of a round. */
  readonly seconds: number
  /** Length of the warm-up of each peer before the first round of a case. */
  readonly warmUp: number
  readonly load: LoadGenerator
  readonly origin: Origin
  /** Told what is going on. */
  readonly progress: (text: string) => void
}

export interface PeerResult {
  readonly name: string
  readonly rounds: readonly Measurement[]
  readonly median: Measurement
}

export interface CaseResult {
  readonly name: string
  readonly title: string
  readonly peers: readonly PeerResult[]
  /** Peers that could not be measured, and why. */
  readonly failures: readonly { readonly name: string; readonly reason: string }[]
}

export async function runCase(benchCase: BenchCase, plan: Plan): Promise<CaseResult> {
  const failures: { name: string; reason: string }[] = []
  const started: RunningPeer[] = []
  for (const peer of plan.peers) {
    if (benchCase.logging && peer.log === null) continue
    plan.progress(`${benchCase.name}: starting and checking ${peer.name}`)
    try {
      started.push(await startChecked(peer, benchCase, plan))
    } catch (error) {
      failures.push({ name: peer.name, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  try {
    const rounds = await interleave(started, benchCase, plan)
    const peers = started.map(({ peer }, index) => ({
      name: peer.name,
      rounds: rounds[index]!,
      median: medianOf(rounds[index]!),
    }))
    return { name: benchCase.name, title: benchCase.title, peers, failures }
  } finally {
    await Promise.all(started.map((running) => running.stop()))
  }
}

async function startChecked(peer: Peer, benchCase: BenchCase, plan: Plan): Promise<RunningPeer> {
  const running = await startPeer(peer, plan.origin, { logging: benchCase.logging, clients: 1024 })
  try {
    await checkPeer(running.port, benchCase)
  } catch (error) {
    await running.stop()
    throw error
  }
  return running
}

async function interleave(started: readonly RunningPeer[], benchCase: BenchCase, plan: Plan): Promise<Measurement[][]> {
  for (const running of started) {
    plan.progress(`${benchCase.name}: warming up ${running.peer.name}`)
    await measure(running, benchCase, plan.load, plan.warmUp)
  }
  const rounds: Measurement[][] = started.map(() => [])
  for (let round = 1; round <= plan.rounds; round++) {
    for (const [index, running] of started.entries()) {
      plan.progress(`${benchCase.name}: round ${round} of ${plan.rounds}, ${running.peer.name}`)
      rounds[index]!.push(await measure(running, benchCase, plan.load, plan.seconds))
    }
  }
  return rounds
}
