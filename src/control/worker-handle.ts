// A worker as the main thread sees it: starts the thread, talks to it, notices when it ends.
import { type ResourceLimits, Worker as Thread } from 'node:worker_threads'
import type { FromWorker, ToWorker, WorkerData } from '../worker/messages.ts'

/** What tests change about the threads. */
export interface ThreadOptions {
  /** The module that runs in them. */
  readonly entry?: URL
  readonly resourceLimits?: ResourceLimits
  /** Seconds without a sign of life after which a worker counts as hung. */
  readonly patience?: number
}

/** Why a worker ended by itself. */
export interface WorkerEnd {
  /** A few words for people. */
  readonly reason: string
  /** Of the error that ended it; empty when there was none. */
  readonly stack: string
}

const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? '../worker/worker-thread.ts' : '../worker/worker-thread.js',
  import.meta.url,
)

export class WorkerHandle {
  private readonly thread: Thread
  private stopping = false
  private end: WorkerEnd | null = null

  /** `onEnd` is called when the thread ends without having been asked to. */
  constructor(
    data: WorkerData,
    { entry = ENTRY, resourceLimits = {} }: ThreadOptions,
    onMessage: (message: FromWorker) => void,
    onEnd: (end: WorkerEnd) => void,
  ) {
    this.thread = new Thread(entry, { workerData: data, name: `octoload-${data.index}`, resourceLimits })
    this.thread.on('message', onMessage)
    this.thread.on('error', (error: unknown) => {
      this.end ??= endOf(error)
    })
    this.thread.on('exit', (code) => {
      if (!this.stopping) onEnd(this.end ?? { reason: `exit code ${code}`, stack: '' })
    })
  }

  send(message: ToWorker): void {
    this.thread.postMessage(message)
  }

  /** Ends the thread as one that ended by itself, for this reason. */
  kill(reason: string): void {
    this.end = { reason, stack: '' }
    void this.thread.terminate()
  }

  /** Ends the thread, whatever it is doing. */
  async terminate(): Promise<void> {
    this.stopping = true
    await this.thread.terminate()
  }
}

function endOf(error: unknown): WorkerEnd {
  if (!(error instanceof Error)) return { reason: `it threw ${String(error)}`, stack: '' }
  const stack = error.stack ?? ''
  if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') return { reason: 'out of memory', stack }
  // Where it happened says more than the message, and fits into the line.
  const place = /^\s+at .*?([^/\\(]+:\d+:\d+)\)?$/m.exec(stack)?.[1]
  return { reason: `${error.name}: ${error.message}${place === undefined ? '' : ` (${place})`}`, stack }
}
