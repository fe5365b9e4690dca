// An end of the program that the user can do something about: printed as it is, without a stack.

/** The command was written wrong: exit code 2, as in most shells' own tools. */
export const WRONG_USE = 2
/** The command was understood but could not be done. */
export const FAILED = 1

export class CliError extends Error {
  readonly exitCode: number

  /** `message` says what is wrong and what to do; `octoload: ` is put before it when it is printed. */
  constructor(message: string, exitCode: typeof WRONG_USE | typeof FAILED = FAILED) {
    super(message)
    this.name = 'CliError'
    this.exitCode = exitCode
  }
}

/** The error for a command line that cannot be understood. */
export function wrongUse(message: string): CliError {
  return new CliError(message, WRONG_USE)
}
