// What no single key can tell: two keys that say the same thing, names that lead nowhere, servers and listeners that
// stand twice. These look at the value as it was written, whatever it is, so that they find their problems also in a
// config that has others.
import { suggest } from './closest.ts'
import { Mistake } from './mistake.ts'
import { type Finding, formatPath, type Path, quote } from './problem.ts'
import { type Entries, isObject, listOf, objectOf } from './raw-value.ts'
import { checkRetries } from './retry-checks.ts'
import { addressKey, parseServerUrl, shortestIpv6 } from './server-url.ts'
import { NAME_HINT, NAME_PATTERN, TOKEN } from './values.ts'

export interface CheckOptions {
  /** For the library, where servers may be added later. */
  allowNoServers?: boolean
}

export function crossCheck(file: unknown, options: CheckOptions = {}): Finding[] {
  if (!isObject(file)) return []
  return [
    ...checkForms(file),
    ...checkServers(file, options.allowNoServers === true),
    ...checkListeners(listOf(file.listeners)),
    ...checkRoutes(file),
    ...checkUpstreams(objectOf(file.upstreams)),
    ...checkRetries(file),
    ...checkHeaders(objectOf(file.health_check).headers, ['health_check', 'headers']),
  ]
}

/** The short form and the full form must not both say the same thing. */
function checkForms(file: Entries): Finding[] {
  const short = objectOf(file.load_balancer)
  const pairs: [short: string[], full: string[]][] = [
    [['load_balancer', 'port'], ['listeners']],
    [['load_balancer', 'strategy'], ['upstreams']],
    [
      ['load_balancer', 'health_check_interval_seconds'],
      ['health_check', 'interval'],
    ],
    [['load_balancer', 'workers'], ['workers']],
    [['servers'], ['upstreams']],
  ]
  const findings = pairs
    .filter(([[first, key], [outer, inner]]) => {
      const hasShort = key === undefined ? file[first!] !== undefined : short[key] !== undefined
      const hasFull = inner === undefined ? file[outer!] !== undefined : objectOf(file[outer!])[inner] !== undefined
      return hasShort && hasFull
    })
    .map(
      ([path, full]): Finding => ({
        path,
        at: 'key',
        message: `is the short form of what \`${formatPath(full)}\` says too`,
        hint: 'keep one of the two and remove the other',
      }),
    )
  if (file.health_check === 'off' && short.health_check_interval_seconds !== undefined) {
    const path = ['load_balancer', 'health_check_interval_seconds']
    findings.push({
      path,
      at: 'key',
      message: 'says how often to check, but `health_check` is "off"',
      hint: 'remove it',
    })
  }
  return findings
}

function checkServers(file: Entries, allowNone: boolean): Finding[] {
  const findings: Finding[] = []
  const upstreams = Object.entries(objectOf(file.upstreams))
  const lists: [Path, unknown][] = [
    [['servers', 'urls'], objectOf(file.servers).urls],
    ...upstreams.map(([name, upstream]): [Path, unknown] => [
      ['upstreams', name, 'servers'],
      objectOf(upstream).servers,
    ]),
  ]
  for (const [path, list] of lists) {
    if (!Array.isArray(list)) continue
    if (list.length === 0 && !allowNone) {
      findings.push({
        path,
        at: 'value',
        message: 'needs at least one server',
        hint: 'write ["http://localhost:8001"]',
      })
    }
    findings.push(...checkDuplicates(list, path))
  }
  if (file.servers === undefined && upstreams.length === 0 && !allowNone && file.upstreams === undefined) {
    const hint = 'add "servers": {"urls": ["http://localhost:8001"]}'
    findings.push({ path: [], at: 'value', message: 'no servers are given', hint })
  }
  if (isObject(file.upstreams) && upstreams.length === 0) {
    findings.push({ path: ['upstreams'], at: 'value', message: 'needs at least one upstream', hint: '' })
  }
  return findings
}

function checkDuplicates(list: readonly unknown[], path: Path): Finding[] {
  const firsts = new Map<string, number>()
  return list.flatMap((entry, index): Finding[] => {
    const isText = typeof entry === 'string'
    const url = isText ? entry : objectOf(entry).url
    const address = typeof url === 'string' ? parseServerUrl(url) : null
    if (address === null || address instanceof Mistake) return []
    const key = addressKey(address)
    const first = firsts.get(key)
    if (first === undefined) {
      firsts.set(key, index)
      return []
    }
    const hint = 'remove one of the two; to give a server more work, write {"url": "…", "weight": 2}'
    const message = `${key} is already ${formatPath([...path, first])}`
    return [{ path: isText ? [...path, index] : [...path, index, 'url'], at: 'value', message, hint }]
  })
}

function checkListeners(listeners: readonly unknown[]): Finding[] {
  const findings = checkNames(listeners, ['listeners'])
  listeners.forEach((listener, index) => {
    const { port } = objectOf(listener)
    if (typeof port !== 'number' || port === 0) return
    const first = listeners.slice(0, index).findIndex((other) => {
      return objectOf(other).port === port && overlap(addressOf(other), addressOf(listener))
    })
    if (first === -1) return
    const where = `${addressOf(listener)} port ${port}`
    const message = `${where} is already taken by ${formatPath(['listeners', first])} (${addressOf(listeners[first])})`
    findings.push({ path: ['listeners', index, 'port'], at: 'value', message, hint: 'give one of them another port' })
  })
  return findings
}

function addressOf(listener: unknown): string {
  const { address } = objectOf(listener)
  if (typeof address !== 'string') return '*'
  try {
    return address.includes(':') ? shortestIpv6(address) : address
  } catch {
    return address
  }
}

/** Whether the system refuses the second of two listeners with the same port. */
function overlap(a: string, b: string): boolean {
  const isAny = (address: string) => address === '*' || address === '::'
  const isIpv4 = (address: string) => !address.includes(':')
  if (a === b || isAny(a) || isAny(b)) return true
  return (a === '0.0.0.0' && isIpv4(b)) || (b === '0.0.0.0' && isIpv4(a))
}

function checkNames(entries: readonly unknown[], path: Path): Finding[] {
  const firsts = new Map<string, number>()
  return entries.flatMap((entry, index): Finding[] => {
    const { name } = objectOf(entry)
    if (typeof name !== 'string') return []
    const first = firsts.get(name)
    if (first === undefined) {
      firsts.set(name, index)
      return []
    }
    const message = `${quote(name)} is already the name of ${formatPath([...path, first])}`
    return [{ path: [...path, index, 'name'], at: 'value', message, hint: 'names are unique; choose another' }]
  })
}

function checkRoutes(file: Entries): Finding[] {
  const known = isObject(file.upstreams) ? Object.keys(file.upstreams) : ['main']
  const findings = checkNames(listOf(file.routes), ['routes'])
  if (file.routes === undefined && known.length > 1) {
    const hint = `add "routes": [{"match": {"path_prefix": "/…"}, "upstream": "${known[0]}"}, …]`
    findings.push({
      path: ['upstreams'],
      at: 'key',
      message: 'with several upstreams, `routes` must say what goes where',
      hint,
    })
  }
  const firsts = new Map<string, number>()
  listOf(file.routes).forEach((route, index) => {
    const { upstream, match } = objectOf(route)
    if (typeof upstream === 'string' && !known.includes(upstream)) {
      const path = ['routes', index, 'upstream']
      findings.push({
        path,
        at: 'value',
        message: `there is no upstream ${quote(upstream)}`,
        hint: suggest(upstream, known),
      })
    }
    const key = matchKey(objectOf(match))
    const first = firsts.get(key)
    if (first === undefined) firsts.set(key, index)
    else {
      const message = `is never reached: ${formatPath(['routes', first])} takes the same requests`
      findings.push({ path: ['routes', index], at: 'value', message, hint: 'change its `match` or remove it' })
    }
  })
  return findings
}

/** The same for two routes that match the same requests. */
function matchKey({ hosts, path_prefix, methods }: Entries): string {
  // Whatever stands there: it need not be a name, nor anything that can be made text.
  const texts = (list: unknown) => listOf(list).map((one) => JSON.stringify(one))
  const hostNames = texts(hosts).map((host) => host.toLowerCase())
  return JSON.stringify([hostNames.sort(), path_prefix ?? '/', texts(methods).sort()])
}

function checkUpstreams(upstreams: Entries): Finding[] {
  return Object.entries(upstreams).flatMap(([name, upstream]): Finding[] => {
    const path = ['upstreams', name]
    const { health_check } = objectOf(upstream)
    const isName = new RegExp(NAME_PATTERN).test(name)
    return [
      ...(isName ? [] : [{ path, at: 'key' as const, message: `${quote(name)} is not a name`, hint: NAME_HINT }]),
      ...checkHeaders(objectOf(health_check).headers, [...path, 'health_check', 'headers']),
    ]
  })
}

/** Headers that say how the message is framed or how the connection is used are ours to set. */
const OWN_HEADERS = [
  'connection',
  'content-length',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]

function checkHeaders(headers: unknown, path: Path): Finding[] {
  return Object.keys(objectOf(headers)).flatMap((name): Finding[] => {
    const at = { path: [...path, name], at: 'key' as const }
    if (!TOKEN.test(name)) return [{ ...at, message: `${quote(name)} is not a header name`, hint: '' }]
    if (!OWN_HEADERS.includes(name.toLowerCase())) return []
    return [{ ...at, message: 'cannot be set: the health check sets it itself', hint: 'remove it' }]
  })
}
