// Why a listener could not be opened, in one line with a way on.
import { CliError } from './cli-error.ts'

interface SystemError extends Error {
  code: string
  port?: number
  address?: string
}

/** Turns what `listen` failed with into a line for people; anything unknown is returned as it is. */
export function startError(error: unknown): unknown {
  if (!isSystemError(error)) return error
  const port = error.port === undefined ? 'the port' : `port ${error.port}`
  switch (error.code) {
    case 'EADDRINUSE':
      return new CliError(
        `${port} is already in use. Stop the program that uses it, ` +
          'or choose another port with --port or "load_balancer": { "port": … }.',
      )
    case 'EACCES':
    case 'EPERM':
      return new CliError(
        `no permission to listen on ${port}. Choose a port from 1024 up with --port or ` +
          '"load_balancer": { "port": … }, or have an administrator allow it.',
      )
    case 'EADDRNOTAVAIL':
      return new CliError(
        `the address ${error.address ?? 'of the listener'} does not belong to this machine. ` +
          'Choose one that does with --address, or leave it out to listen on all.',
      )
    case 'EAFNOSUPPORT':
      return new CliError(
        `this machine does not support the kind of address ${error.address ?? 'of the listener'}. ` +
          'Choose an IPv4 address with --address, such as 0.0.0.0.',
      )
    default:
      return error.port === undefined ? error : new CliError(`${error.message}.`)
  }
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}
