// What an agent beside a server answers, in the format of HAProxy's agent-check: words in any order, separated by blanks,
// commas or tabs, up to the end of the line. Each answer changes what its words are about; the rest stays.

export interface AgentWord {
  /** Per cent of the configured weight, 0 to 100; absent when the answer says nothing of it, as the next. */
  readonly weight?: number
  /** Takes no new exchanges (`drain`, `maint`), or does again (`ready`). */
  readonly drain?: boolean
  /** `down`, `failed`, `stopped`, or `up`. */
  readonly down?: boolean
}

const MAX_LENGTH = 1024

/** What the words mean that are known; others (`maxconn:100`, a description after `#`) are ignored. */
export function readAgentText(text: string): AgentWord {
  const line = text.slice(0, MAX_LENGTH).split(/[\r\n]/, 1)[0]!
  // A description follows the first word with a `#`, up to the end of the line.
  const words = line
    .split('#', 1)[0]!
    .toLowerCase()
    .split(/[ \t,]+/)
  const found: { weight?: number; drain?: boolean; down?: boolean } = {}
  for (const word of words) {
    const weight = /^(\d{1,5})%$/.exec(word)
    // More than what is configured is not for a server to take.
    if (weight !== null) found.weight = Math.min(Number(weight[1]), 100)
    else if (word === 'drain' || word === 'maint') found.drain = true
    else if (word === 'ready') found.drain = false
    else if (word === 'down' || word === 'failed' || word === 'stopped') found.down = true
    else if (word === 'up') found.down = false
  }
  return found
}
