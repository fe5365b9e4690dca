// Runs the cases. For each: start every peer, check it, warm it up, then measure in interleaved rounds (A B C A B C),
// so that a change of the machine's mood meets all alike.
import type { BenchCase } from './cases/bench-case.ts'
import { checkPeer } from './check.ts'
import type { LoadGenerator } from './load/load.ts'
import { checkLog } from './log-check.ts'
import { type Measurement, measure, medianOf } from './measure.ts'
import type { Origin } from './origin/origin.ts'
import type { Peer } from './peers/peer.ts'
import { type RunningPeer, startPeer } from './running-peer.ts'

/** More than any case has connections. */
const CLIENTS = 1024

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
  const started = new Map<RunningPeer, Measurement[]>()
  const warmUps = new Map<RunningPeer, Measurement>()

  /** One step for one peer; a peer that fails is out of this case, and the others go on. */
  async function attempt(peer: Peer, doing: string, step: () => Promise<void>): Promise<void> {
    if (failures.some(({ name }) => name === peer.name)) return
    plan.progress(`${benchCase.name}: ${doing} ${peer.name}`)
    try {
      await step()
    } catch (error) {
      failures.push({ name: peer.name, reason: error instanceof Error ? error.message : String(error) })
    }
  }

  try {
    for (const peer of plan.peers) {
      if (benchCase.logging && peer.log === null) continue
      await attempt(peer, 'starting and checking', async () => {
        const running = await startPeer(peer, plan.origin, { logging: benchCase.logging, clients: CLIENTS })
        started.set(running, [])
        await checkPeer(running.port, benchCase, peer.takesTurns ?? true)
      })
    }
    for (const running of started.keys()) {
      await attempt(running.peer, 'warming up', async () => {
        warmUps.set(running, await measureAlive(running, benchCase, plan.load, plan.warmUp))
      })
    }
    for (let round = 1; round <= plan.rounds; round++) {
      for (const [running, rounds] of started) {
        await attempt(running.peer, `round ${round} of ${plan.rounds},`, async () => {
          rounds.push(await measureAlive(running, benchCase, plan.load, plan.seconds))
        })
      }
    }
  } finally {
    await Promise.all([...started.keys()].map((running) => running.stop()))
  }

  for (const [running, rounds] of started) {
    if (!benchCase.logging) break
    await attempt(running.peer, 'reading the log of', () => checkLog(running, [warmUps.get(running)!, ...rounds]))
  }

  const peers = [...started]
    .filter(([running]) => failures.every(({ name }) => name !== running.peer.name))
    .map(([running, rounds]) => ({ name: running.peer.name, rounds, median: medianOf(rounds) }))
  return { name: benchCase.name, title: benchCase.title, peers, failures }
}

async function measureAlive(
  running: RunningPeer,
  benchCase: BenchCase,
  load: LoadGenerator,
  seconds: number,
): Promise<Measurement> {
  running.expectAlive()
  const measurement = await measure(running, benchCase, load, seconds)
  running.expectAlive()
  return measurement
}
