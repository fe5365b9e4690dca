// The address of a server as it is written in the config: http://host or http://host:port and nothing more.
import { isIP } from 'node:net'
import { Mistake } from './mistake.ts'
import { quote } from './problem.ts'

export interface ServerAddress {
  /** As written, without a trailing slash. */
  url: string
  /** Lower case; an IPv6 address without brackets, in its shortest form. */
  host: string
  port: number
}

const SHAPE = /^http:\/\/(\[[^\]]*\]|[^/?#:@[\]]*)(?::([^/?#@:]*))?(\/)?$/i
const EXAMPLE = 'write it as "http://localhost:8001"'

export function parseServerUrl(text: string): ServerAddress | Mistake {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) {
    const corrected = `http://${text.replace(/^\/\//, '')}`
    return new Mistake(`${quote(text)} is not a server URL`, isServerUrl(corrected) ? `write "${corrected}"` : EXAMPLE)
  }
  if (scheme !== 'http') {
    const corrected = `http://${text.slice(scheme.length + 3)}`
    const hint = isServerUrl(corrected) ? `write "${corrected}" if the server speaks plain HTTP there` : EXAMPLE
    return new Mistake(
      scheme === 'https' ? 'TLS to servers is not supported' : `servers speak http, not ${scheme}`,
      hint,
    )
  }
  return parseHttpUrl(text) ?? misshapen(text)
}

/** What is the same for two URLs that lead to the same server: `localhost:80`, `[::1]:8001`. */
export function addressKey({ host, port }: ServerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function isServerUrl(text: string): boolean {
  const address = parseHttpUrl(text)
  return address !== null && !(address instanceof Mistake)
}

/** Null when it is not even of the shape of a server URL. */
function parseHttpUrl(text: string): ServerAddress | Mistake | null {
  const match = SHAPE.exec(text)
  if (match === null) return null
  const host = parseHost(match[1]!)
  if (host instanceof Mistake) return host
  const port = parsePort(match[2])
  if (port instanceof Mistake) return port
  return { url: match[3] === undefined ? text : text.slice(0, -1), host, port }
}

function misshapen(text: string): Mistake {
  const [, origin = '', rest = ''] = /^http:\/\/([^/?#]*)(.*)$/is.exec(text) ?? []
  if (origin.includes('@')) return new Mistake('a server URL has no user name or password', EXAMPLE)
  if (rest !== '' && isServerUrl(`http://${origin}`)) {
    const hint = `write "http://${origin}"; the target of a request passes unchanged`
    return new Mistake(`a server URL ends after host and port, but here ${quote(rest)} follows`, hint)
  }
  const hint = isIP(origin) === 6 ? `an IPv6 address needs brackets: "http://[${origin}]:8001"` : EXAMPLE
  return new Mistake(`${quote(text)} is not a server URL`, hint)
}

function parseHost(text: string): string | Mistake {
  if (text === '') return new Mistake('the URL has no host', EXAMPLE)
  if (text.startsWith('[')) {
    const address = text.slice(1, -1)
    if (isIP(address) !== 6 || address.includes('%')) return new Mistake(`${quote(address)} is not an IPv6 address`, '')
    return shortestIpv6(address)
  }
  const host = text.toLowerCase()
  if (isIP(host) === 4) return host
  if (!isHostName(host)) return new Mistake(`${quote(text)} is not a host name or IP address`, hostHint(host))
  return host
}

/** The form in which two spellings of the same IPv6 address are equal. */
export function shortestIpv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1)
}

/**
 * Letters, digits, hyphens, and underscores, which container networks use; lower case. A name whose last label is a
 * number is not one: `10.0.0.256` and `127.1` were meant to be addresses.
 */
export function isHostName(host: string): boolean {
  if (host.length > 253) return false
  const labels = host.split('.')
  return labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)) && !/^\d+$/.test(labels.at(-1)!)
}

function hostHint(host: string): string {
  return /[^\x00-\x7f]/.test(host) ? 'write the name in its ASCII form (xn--…)' : ''
}

function parsePort(text: string | undefined): number | Mistake {
  if (text === undefined) return 80
  if (!/^\d+$/.test(text)) return new Mistake(`${quote(text)} is not a port`, 'a port is a number from 1 to 65535')
  const port = Number(text)
  return port >= 1 && port <= 65_535 ? port : new Mistake(`the port ${text} is not from 1 to 65535`, '')
}
