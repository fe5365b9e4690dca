// Makes workers of a balancer fail: now, or from their start on. The balancer has to be started with `faulty`.
import { BroadcastChannel, setEnvironmentData } from 'node:worker_threads'
import type { ThreadOptions } from '../../src/control/worker-handle.ts'
import type { Owner } from '../support/wait.ts'

export const CHANNEL = 'octoload-faults'
export const START_FAULTS = 'octoload-start-faults'

/** `hang`: it computes for ever. */
export type Fault = 'throw' | 'exit' | 'memory' | 'hang'
/** `slow`: it takes a while; `deaf`: it cannot listen; `undecided`: it starts, and dies in the midst of its first decision. */
export type StartFault = 'throw' | 'slow' | 'deaf' | 'undecided'

export const faulty: ThreadOptions = {
  entry: new URL('./faulty-worker.ts', import.meta.url),
  resourceLimits: { maxOldGenerationSizeMb: 32 },
}

export function fail(worker: number, fault: Fault): void {
  const channel = new BroadcastChannel(CHANNEL)
  channel.postMessage({ worker, fault })
  channel.close()
}

/** Threads that start from now on fail so, by worker; until the owner is done, or it is set anew. */
export function failAtStart(owner: Owner, faults: Record<number, StartFault>): void {
  setEnvironmentData(START_FAULTS, faults)
  owner.after(() => setEnvironmentData(START_FAULTS, {}))
}
