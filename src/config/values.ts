// The kinds of single values in a config, as zod schemas. `title`, `pattern` and `examples` go into the JSON Schema, and
// messages and docs say what is expected by them.
import { isIP } from 'node:net'
import { z } from 'zod'
import { isValidEntry } from '../base/ip-set.ts'
import { Mistake } from './mistake.ts'
import { quote } from './problem.ts'
import { isHostName, parseServerUrl, shortestIpv6 } from './server-url.ts'
import { amountPattern, type Bounds, DURATION, formatAmount, parseAmount, SIZE } from './units.ts'

interface Kind {
  title: string
  examples: string[]
  pattern?: string
}

/** A string that `parse` turns into a value, or into a mistake that becomes a problem. */
export function text<T>(kind: Kind, parse: (text: string) => T | Mistake) {
  return z
    .string()
    .meta({ ...kind })
    .transform((input, context): T => {
      const result = parse(input)
      if (!(result instanceof Mistake)) return result
      context.issues.push({ code: 'custom', message: result.message, params: { hint: result.hint }, input })
      return z.NEVER
    })
}

/** Milliseconds. */
export function duration(bounds: Bounds) {
  return text(
    {
      title: 'duration',
      examples: bounds.off ? [DURATION.example, 'off'] : [DURATION.example],
      pattern: amountPattern(DURATION, bounds.off),
    },
    (input) => parseAmount(DURATION, bounds, input),
  )
}

/** Bytes. */
export function size(bounds: Bounds) {
  const example = formatAmount(SIZE, Math.min(bounds.max, 16 * 1024))
  return text(
    {
      title: 'size',
      examples: bounds.off ? [example, 'off'] : [example],
      pattern: amountPattern(SIZE, bounds.off),
    },
    (input) => parseAmount(SIZE, bounds, input),
  )
}

/** A part of a whole, 0 to 1, also written as a percentage. */
export function share() {
  const percentage = text({ title: 'percentage', examples: ['20%'], pattern: '^\\d+(\\.\\d+)?%$' }, (input) => {
    const value = /^\d{1,3}(\.\d+)?%$/.test(input) ? Number(input.slice(0, -1)) / 100 : Number.NaN
    return value <= 1
      ? value
      : new Mistake(`${quote(input)} is not a share`, 'write it as 0.2 or as "20%", 1 or "100%" at most')
  })
  return z.union([z.number().min(0).max(1), percentage])
}

export function whole(min: number, max: number) {
  return z.int().min(min).max(max)
}

export function number(min: number, max: number) {
  return z.number().min(min).max(max)
}

export const NAME_PATTERN = '^[A-Za-z][A-Za-z0-9_.-]{0,63}$'
export const NAME_HINT = 'a name begins with a letter; letters, digits, "-", "_" and "." may follow, 64 in all'

export const name = text({ title: 'name', examples: ['main'], pattern: NAME_PATTERN }, (input) =>
  new RegExp(NAME_PATTERN).test(input) ? input : new Mistake(`${quote(input)} is not a name`, NAME_HINT),
)

/** `*`, or an IP address in its shortest form. */
export const listenAddress = text({ title: 'IP address', examples: ['*', '127.0.0.1', '::1'] }, (input) => {
  if (input === '*') return input
  const address = input.replace(/^\[(.*)\]$/, '$1')
  const family = address.includes('%') ? 0 : isIP(address)
  if (family === 4) return address
  if (family === 6) return shortestIpv6(address)
  const hint =
    input === 'localhost' ? 'write "127.0.0.1", or "::1" for IPv6' : 'write an IP address, or "*" for every address'
  return new Mistake(`${quote(input)} is not an IP address`, hint)
})

export const serverUrl = text(
  { title: 'server URL', examples: ['http://localhost:8001'], pattern: '^[Hh][Tt][Tt][Pp]://[^/?#@\\s]+/?$' },
  parseServerUrl,
)

export const addressBlock = text({ title: 'IP address or CIDR block', examples: ['10.0.0.0/8', '::1'] }, (input) =>
  isValidEntry(input)
    ? input
    : new Mistake(
        `${quote(input)} is not an IP address or CIDR block`,
        'write it as "10.0.0.1", "10.0.0.0/8" or "2001:db8::/32"',
      ),
)

/** `example.com`, `*.example.com` or an address as it stands in a Host header; lower case. */
export const matchHost = text({ title: 'host', examples: ['example.com', '*.example.com'] }, (input) => {
  const host = input.toLowerCase()
  const isAddress = isIP(host) === 4 || (/^\[.*\]$/.test(host) && isIP(host.slice(1, -1)) === 6)
  if (isAddress || isHostName(host.replace(/^\*\./, ''))) return host
  const withoutPort = /^(.+):\d+$/.exec(input)?.[1]
  if (withoutPort !== undefined && isIP(host) === 0) {
    return new Mistake('a host is matched without its port', `write "${withoutPort}"`)
  }
  const hint = host === '*' ? 'leave `hosts` out to match every host' : 'write it as "example.com" or "*.example.com"'
  return new Mistake(`${quote(input)} is not a host`, hint)
})

/** A path without a query. */
export const path = text({ title: 'path', examples: ['/api'], pattern: '^/[^?#\\s]*$' }, (input) =>
  parseTarget(input, /^\/[^?#\s\x00-\x20\x7f]*$/, 'a path begins with "/" and has no query, fragment or space'),
)

/** A path with or without a query. */
export const target = text({ title: 'path', examples: ['/health'], pattern: '^/[^#\\s]*$' }, (input) =>
  parseTarget(
    input,
    /^\/[\x21\x22\x24-\x7e]*$/,
    'a path begins with "/" and has no fragment or space; what is not ASCII is percent-encoded',
  ),
)

function parseTarget(input: string, allowed: RegExp, rule: string): string | Mistake {
  if (allowed.test(input)) return input
  return new Mistake(`${quote(input)} is not a path`, allowed.test(`/${input}`) ? `write "/${input}"` : rule)
}

/** A token of RFC 9110, section 5.6.2. */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** A method in upper case: methods are case-sensitive (RFC 9110, section 9.1). */
export const method = text({ title: 'method', examples: ['GET'], pattern: '^[A-Z][A-Z-]*$' }, (input) => {
  if (/^[A-Z][A-Z-]*$/.test(input)) return input
  return new Mistake(
    `${quote(input)} is not a method`,
    /^[A-Za-z-]+$/.test(input) ? `write "${input.toUpperCase()}"` : '',
  )
})

/** Visible ASCII, spaces and tabs (RFC 9110, section 5.5). The message does not repeat the value: it may be a secret. */
export const headerValue = text({ title: 'header value', examples: ['octoload'] }, (input) =>
  /^[\t\x20-\x7e]*$/.test(input) && input.trim() === input
    ? input
    : new Mistake(
        'the header value holds characters that cannot be sent',
        'allowed are visible ASCII characters, with spaces between them',
      ),
)

/** The name of a header; in lower case, as names are compared. */
export const headerName = text({ title: 'header name', examples: ['X-Priority'] }, (input) =>
  TOKEN.test(input) ? input.toLowerCase() : new Mistake(`${quote(input)} is not a header name`, ''),
)

export interface StatusRange {
  from: number
  to: number
}

const statusText = text(
  { title: 'status range', examples: ['200-399', '2xx'], pattern: '^([1-5]xx|[1-5]\\d\\d-[1-5]\\d\\d)$' },
  (input): StatusRange | Mistake => {
    const hundred = /^([1-5])xx$/.exec(input)?.[1]
    if (hundred !== undefined) return { from: Number(hundred) * 100, to: Number(hundred) * 100 + 99 }
    const range = /^([1-5]\d\d)-([1-5]\d\d)$/.exec(input)
    if (range !== null && range[1]! <= range[2]!) return { from: Number(range[1]), to: Number(range[2]) }
    const hint = /^[1-5]\d\d$/.test(input)
      ? 'remove the quotes'
      : 'write it as 200, "200-399" or "2xx"; statuses are from 100 to 599'
    return new Mistake(`${quote(input)} is not a range of statuses`, hint)
  },
)

/** A percentile of what has been measured. */
export const percentile = text(
  { title: 'percentile', examples: ['p95'], pattern: '^p[5-9]\\d(\\.\\d)?$' },
  (input): { percentile: number } | Mistake =>
    /^p[5-9]\d(\.\d)?$/.test(input)
      ? { percentile: Number(input.slice(1)) }
      : new Mistake(`${quote(input)} is not a percentile`, 'write it as "p95" or "p99.5", from p50 to p99.9'),
)

/** A status or a range of them. */
export const statuses = z.union([
  whole(100, 599).transform((status): StatusRange => ({ from: status, to: status })),
  statusText,
])
