// The words for what went wrong in a probe: they stand in the log behind "is down:", so they are short and plain.

const WORDS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  EPIPE: 'connection reset',
  EADDRNOTAVAIL: 'no local address or port is free',
  EMFILE: 'too many open files in this process',
  ENFILE: 'too many open files on this machine',
  EACCES: 'connecting is not permitted',
  EPERM: 'connecting is not permitted',
}

/** `error` is what a socket, the name look-up or Node's HTTP parser gave. */
export function describeFailure(error: Error, host: string): string {
  const { code, syscall, reason } = error as Error & { code?: string; syscall?: string; reason?: string }
  if (code === undefined) return error.message
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `could not resolve the name ${host}`
  // Node reports an orderly close before the answer with the same code, but without a system call.
  if (code === 'ECONNRESET') return syscall === undefined ? 'connection closed without an answer' : 'connection reset'
  if (code === 'HPE_HEADER_OVERFLOW') return 'malformed answer (head too large)'
  if (code.startsWith('HPE_')) return reason ? `malformed answer (${reason})` : 'malformed answer'
  return WORDS[code] ?? `${error.message} (${code})`
}

/** `missing` is what did not come in time; `timeout` is in milliseconds. */
export function describeTimeout(missing: string, timeout: number): string {
  return `no ${missing} within ${timeout % 1000 === 0 || timeout > 1000 ? `${timeout / 1000} s` : `${timeout} ms`}`
}

/** The host as the system wants it: an IPv6 address stands in brackets in a URL, but nowhere else. */
export function bareHost(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host
}
