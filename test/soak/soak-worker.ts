// A worker thread as always, which also collects its garbage and tells its memory when the soak asks.
import { BroadcastChannel, type MessagePort, workerData } from 'node:worker_threads'
import { CHANNEL } from './soak-channel.ts'

const channel = new BroadcastChannel(CHANNEL) as BroadcastChannel & MessagePort
channel.onmessage = (event) => {
  if ((event as { data: unknown }).data !== 'measure') return
  globalThis.gc!()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  channel.postMessage({ worker: workerData.index, heapUsed, arrayBuffers })
}
channel.unref()

await import('../../src/worker/worker-thread.ts')
