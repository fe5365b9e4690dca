// The last stop of an error in the benchmark's commands.

/** Prints the message, without the stack, and ends the process with 1. */
export function explain(error: unknown): never {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}
