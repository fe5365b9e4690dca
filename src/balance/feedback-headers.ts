// The values of the headers by which a server asks for less work. What is not understood says nothing.
import { DRAIN_SAID, READY_SAID } from '../shared/standing.ts'

/** `Octoload-Weight: 75%` or `75`: whole per cent of the configured weight, 0 to 100; else -1. */
export function readWeight(value: string): number {
  const match = /^(\d{1,3})\s*%?$/.exec(value)
  const weight = match === null ? -1 : Number(match[1])
  return weight <= 100 ? weight : -1
}

/** `Octoload-Drain: 1` asks for no new exchanges, `0` for them again: DRAIN_SAID, READY_SAID, or 0 for anything else. */
export function readDrain(value: string): number {
  if (value === '1' || value === 'true') return DRAIN_SAID
  return value === '0' || value === 'false' ? READY_SAID : 0
}
