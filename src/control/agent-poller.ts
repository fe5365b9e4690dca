// Asks the agents beside the servers again and again how they are. An agent that does not answer says nothing: that a
// server is down is for health checks to find out.
import { connect } from 'node:net'
import { type AgentWord, readAgentText } from '../balance/agent-text.ts'
import type { ServerFeedback } from '../config/config.ts'
import type { MonitorClock } from './monitor-clock.ts'

export interface PolledUpstream {
  readonly feedback: ServerFeedback
  readonly servers: readonly { readonly slot: number; readonly host: string }[]
}

/** More than any answer needs. */
const MAX_BYTES = 1024

export class AgentPoller {
  private readonly clock: MonitorClock
  private readonly onWord: (slot: number, word: AgentWord) => void
  /** What ends the polling of a server, by what it depends on. */
  private polls = new Map<string, () => void>()

  constructor(clock: MonitorClock, onWord: (slot: number, word: AgentWord) => void) {
    this.clock = clock
    this.onWord = onWord
  }

  /** Asks the agents of these servers from now on, each at once, or nearly, and then at its interval. */
  watch(upstreams: readonly PolledUpstream[]): void {
    const polls = new Map<string, () => void>()
    let began = 0
    for (const { feedback, servers } of upstreams) {
      if (feedback.agent_port === 0) continue
      for (const { slot, host } of servers) {
        const key = JSON.stringify([slot, host, feedback])
        polls.set(key, this.polls.get(key) ?? this.poll(slot, host, feedback, began++))
      }
    }
    for (const [key, end] of this.polls) if (!polls.has(key)) end()
    this.polls = polls
  }

  stop(): void {
    this.watch([])
  }

  /** `number` counts those that begin together: thousands of connections at one moment would be a flood. */
  private poll(slot: number, host: string, feedback: ServerFeedback, number: number): () => void {
    const ask = (): void => {
      const began = this.clock.now()
      end = this.ask(host, feedback, (text) => {
        end = this.clock.after(Math.max(0, feedback.agent_interval - (this.clock.now() - began)), ask)
        if (text !== '') this.onWord(slot, readAgentText(text))
      })
    }
    let end = this.clock.after(number, ask)
    return () => end()
  }

  /** Calls `answered` once, with an empty text when there was no answer, unless the function it returns is called first. */
  private ask(host: string, feedback: ServerFeedback, answered: (text: string) => void): () => void {
    const socket = connect({ host, port: feedback.agent_port })
    let text = ''
    const finish = (): void => {
      cancelTimeout()
      socket.removeAllListeners()
      socket.on('error', () => {})
      socket.destroy()
    }
    // Half an answer may say the opposite of the whole.
    const settle = (answer: string): void => {
      finish()
      answered(answer)
    }
    const cancelTimeout = this.clock.after(feedback.agent_timeout, () => settle(''))
    socket.unref()
    socket.setEncoding('latin1')
    socket.on('connect', () => {
      if (feedback.agent_send !== '') socket.write(feedback.agent_send)
    })
    socket.on('data', (part: string) => {
      text += part
      if (/[\r\n]/.test(text)) settle(text)
      else if (text.length > MAX_BYTES) settle('')
    })
    socket.on('end', () => settle(text))
    socket.on('error', () => settle(''))
    socket.on('close', () => settle(''))
    return finish
  }
}
