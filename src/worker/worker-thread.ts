// The entry of a worker thread.
import { parentPort, workerData } from 'node:worker_threads'
import type { WorkerData } from './messages.ts'
import { Worker } from './worker.ts'

if (parentPort === null) throw new Error('worker-thread.ts runs as a worker thread only')
new Worker(workerData as WorkerData, parentPort)
