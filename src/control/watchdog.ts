// Notices a worker that hangs: one that is in a loop without end serves nobody, holds its places on servers and in the queue for
// ever, and never ends by itself. Each worker counts up a cell of shared memory once a second; the main thread looks as often.
import inspector from 'node:inspector'
import type { Counters } from '../shared/counters.ts'
import { BEAT_MS } from '../worker/messages.ts'

/** Looks without a sign of life after which a worker counts as hung. Looks, not time: a machine that was asleep has looked as seldom. */
const PATIENCE = 10

export class Watchdog {
  private readonly counters: Counters
  private readonly patience: number
  private beats = 0
  private missed = 0

  constructor(counters: Counters, patience: number = PATIENCE) {
    this.counters = counters
    this.patience = patience
  }

  /** For people. */
  get verdict(): string {
    return `it hung for ${(this.patience * BEAT_MS) / 1000} s`
  }

  /** To be called every `BEAT_MS` while the worker is up; returns whether it hangs. */
  look(): boolean {
    const { beats } = this.counters
    // Somebody may be looking at it in a debugger.
    const lives = beats !== this.beats || inspector.url() !== undefined
    this.beats = beats
    this.missed = lives ? 0 : this.missed + 1
    return this.missed >= this.patience
  }

  /** A new worker is up. */
  reset(): void {
    this.missed = 0
  }
}
