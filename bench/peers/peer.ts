// The contract of a peer: a proxy that can be measured. Each does the same work: one worker on one core, round robin over
// the servers, connections to them kept alive, X-Forwarded-For, -Proto and -Host and Via set on every request.
import type { Command } from '../machine/child.ts'

export interface ProxySetup {
  /** Where to listen, on 127.0.0.1. */
  readonly port: number
  /** Ports of the servers, on 127.0.0.1. */
  readonly servers: readonly number[]
  /** Whether to write a line for each request. */
  readonly logging: boolean
  /** How many clients may be connected at once. */
  readonly clients: number
  /** Empty, and the peer's own: configuration and logs go here; its standard output goes to `stdout.log` in it. */
  readonly folder: string
}

export interface PeerLog {
  /** Name of the file in the folder of the setup. */
  readonly file: string
  /** Format, and whether lines are buffered. */
  readonly about: string
}

export interface Peer {
  readonly name: string
  /** Its log in the cases with logging; null when it has none and such cases are left out. */
  readonly log: PeerLog | null
  /** True for the established proxies: the cheapest of them is the measure of all. */
  readonly isReference: boolean
  /** False when idle servers need not take turns. */
  readonly takesTurns?: boolean
  /** Null when it is not installed. */
  version(): string | null
  /** Writes the configuration and says how to start the proxy in the foreground. */
  command(setup: ProxySetup): Command
}
