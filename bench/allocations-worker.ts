// A worker thread as always, which also tells how many bytes it has put on its heap since it started.
import { BroadcastChannel, type MessagePort } from 'node:worker_threads'
import { ALLOCATIONS } from './allocations-channel.ts'
import { allocated } from './micro/cost.ts'

const channel = new BroadcastChannel(ALLOCATIONS) as BroadcastChannel & MessagePort
channel.onmessage = (event) => {
  if ((event as { data: unknown }).data === 'count') channel.postMessage(allocated())
}
channel.unref()

await import('../src/worker/worker-thread.ts')
