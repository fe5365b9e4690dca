// A worker thread that fails when a test says so: see faults.ts.
import { BroadcastChannel, getEnvironmentData, type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { CHANNEL, type Fault, START_FAULTS, type StartFault } from './faults.ts'

const channel = new BroadcastChannel(CHANNEL) as BroadcastChannel & MessagePort
channel.onmessage = (event) => {
  const { worker, fault } = (event as { data: { worker: number; fault: Fault } }).data
  if (worker === workerData.index) setImmediate(failBy, fault)
}
channel.unref()

const startFaults = (getEnvironmentData(START_FAULTS) ?? {}) as Record<number, StartFault>
const startFault = startFaults[workerData.index]
if (startFault === 'throw') throw new Error('no start, on purpose')
if (startFault === 'slow') await new Promise((resolve) => setTimeout(resolve, 300))
if (startFault === 'undecided') {
  const { ServerTable } = await import('../../src/shared/server-table.ts')
  const { decide } = ServerTable.prototype
  ServerTable.prototype.decide = function () {
    return decide.call(this, () => process.exit(7))
  }
}
if (startFault === 'deaf') {
  parentPort!.on('message', ({ type }) => {
    if (type === 'listen')
      parentPort!.postMessage({ type: 'listen_failed', listener: 0, code: 'EADDRINUSE', message: 'taken' })
  })
} else await import('../../src/worker/worker-thread.ts')

function failBy(fault: Fault): void {
  switch (fault) {
    case 'throw':
      throw new TypeError('failed on purpose')
    case 'exit':
      process.exit(7)
      break
    case 'memory':
      eatMemory()
      break
    case 'hang':
      for (;;);
  }
}

/** With small objects: V8 (Node 26.10) does not end a loop that only fills arrays, however full the heap is. */
function eatMemory(): void {
  const eaten: unknown[] = []
  for (;;) eaten.push({ number: eaten.length, more: [eaten.length] })
}
