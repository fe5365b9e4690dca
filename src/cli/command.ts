// The contract of a command. Parsing, `--help` and the check of docs/command-line.md all derive from these records.
import type { Arguments } from './arguments.ts'

export interface Command {
  /** As typed: `check`; empty for the command that runs when none is named. */
  readonly name: string
  readonly summary: string
  /** What may follow the name, one form a line: `[FILE] [--print]`. */
  readonly usage: readonly string[]
  readonly options: Readonly<Record<string, Option>>
  /** Further lines for `--help`, already cut to width. */
  readonly notes?: readonly string[]
  readonly examples: readonly Example[]
  /** Resolves when there is nothing left to do but to let the process end. */
  run(args: Arguments): Promise<void>
}

export interface Option {
  /** One letter: `p` for `-p`. */
  readonly short?: string
  /** What stands for the value in the help: `PORT`; an option without it is a flag. */
  readonly value?: string
  readonly summary: string
}

export interface Example {
  readonly command: string
  readonly does: string
}
