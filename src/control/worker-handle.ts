// A worker as the main thread sees it: starts the thread, talks to it, notices when it ends.
import { Worker as Thread } from 'node:worker_threads'
import type { FromWorker, ToWorker, WorkerData } from '../worker/messages.ts'

const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? '../worker/worker-thread.ts' : '../worker/worker-thread.js',
  import.meta.url,
)

export class WorkerHandle {
  readonly index: number
  private readonly thread: Thread
  private stopping = false

  constructor(data: WorkerData, onMessage: (message: FromWorker) => void, onLost: (reason: string) => void) {
    this.index = data.index
    this.thread = new Thread(ENTRY, { workerData: data, name: `octoload-${data.index}` })
    let reason = ''
    this.thread.on('message', onMessage)
    this.thread.on('error', (error: Error) => {
      reason = error.stack ?? error.message
    })
    this.thread.on('exit', (code) => {
      if (!this.stopping) onLost(reason === '' ? `exit code ${code}` : reason)
    })
  }

  send(message: ToWorker): void {
    this.thread.postMessage(message)
  }

  /** Ends the thread, whatever it is doing. */
  async terminate(): Promise<void> {
    this.stopping = true
    await this.thread.terminate()
  }
}
