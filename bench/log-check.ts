// After a case with logging: a proxy that drops lines to go faster must not win unseen.
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import type { Measurement } from './measure.ts'
import type { RunningPeer } from './running-peer.ts'

/** Lines that may still have been in a buffer of 64 KiB when the proxy was stopped. */
const IN_BUFFER = 1500

/** Throws when the stopped proxy has logged clearly fewer lines than it answered requests in these measurements. */
export async function checkLog({ peer, folder }: RunningPeer, measurements: readonly Measurement[]): Promise<void> {
  const requests = measurements.reduce((sum, { requests }) => sum + requests, 0)
  const lines = await countLines(join(folder, peer.log!.file))
  if (lines + IN_BUFFER < requests) throw new Error(`it logged ${lines} lines for ${requests} requests`)
}

async function countLines(path: string): Promise<number> {
  let lines = 0
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++
  }
  return lines
}
