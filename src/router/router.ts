// Finds what a request is routed to. Routes are ordered once, the most specific first, and the first that matches wins:
//   1. an exact host before a wildcard, a longer wildcard before a shorter one, any host last;
//   2. then the longer path prefix;
//   3. then a route that names methods before one that takes all;
//   4. then the order of the config.
// A route that fits the host but not the path or method gives way to the next, down to those for any host.
// `*.example.com` stands for every name that ends so, however deep, but not for `example.com` itself.
//
// Paths are compared as the bytes that came: no percent-decoding, no dot segments resolved, no slashes merged. Servers
// differ in how they do all that, and a balancer that guesses may route by one path what the server reads as another.
import type { RouteConfig } from '../config/config.ts'
import { hostName } from './host-name.ts'

type Match = RouteConfig['match']

export interface Route<T> {
  readonly match: Match
  readonly value: T
}

/**
 * Returns the value of the route to take, or undefined when none matches. `host` is the value of the Host header, with
 * or without a port; `path` is the request target in origin form, query included, or `*`, which matches the path
 * prefix `/` only.
 */
export type Router<T> = (method: string, host: string, path: string) => T | undefined

/** Path prefixes begin with `/` and have no `?`; hosts are in lower case and without a port. */
export function compileRoutes<T>(routes: readonly Route<T>[]): Router<T> {
  const ordered = [...routes].sort((a, b) => compare(a.match, b.match))
  const first = ordered[0]
  if (first !== undefined && ordered.every((route) => takesAll(route.match))) return () => first.value

  const exact = new Map<string, Route<T>[]>()
  const wildcards = new Map<string, Route<T>[]>()
  const anyHost = ordered.filter((route) => route.match.hosts.length === 0)
  for (const route of ordered) {
    for (const host of new Set(route.match.hosts)) {
      if (host.startsWith('*.')) append(wildcards, host.slice(1), route)
      else append(exact, host, route)
    }
  }
  if (exact.size + wildcards.size === 0) return (method, _host, path) => find(anyHost, method, path)?.value

  return (method, host, path) => {
    const name = hostName(host)
    let route = find(exact.get(name), method, path)
    if (route === undefined && wildcards.size > 0) route = findWildcard(wildcards, name, method, path)
    return (route ?? find(anyHost, method, path))?.value
  }
}

/** Negative when `a` is the more specific one within a host; equal ones keep their order. */
function compare(a: Match, b: Match): number {
  const byPath = b.path_prefix.length - a.path_prefix.length
  return byPath !== 0 ? byPath : Number(a.methods.length === 0) - Number(b.methods.length === 0)
}

function takesAll(match: Match): boolean {
  return match.hosts.length === 0 && match.path_prefix === '/' && match.methods.length === 0
}

function append<T>(byHost: Map<string, Route<T>[]>, host: string, route: Route<T>): void {
  const routes = byHost.get(host)
  if (routes === undefined) byHost.set(host, [route])
  else routes.push(route)
}

/** Looks up every ending of the name that begins with a dot, the longest first. */
function findWildcard<T>(
  wildcards: Map<string, Route<T>[]>,
  name: string,
  method: string,
  path: string,
): Route<T> | undefined {
  // Longer names do not exist (RFC 1035, section 2.3.4); one of thousands of dots would cost thousands of look-ups.
  if (name.length > 253) return undefined
  for (let dot = name.indexOf('.', 1); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const route = find(wildcards.get(name.slice(dot)), method, path)
    if (route !== undefined) return route
  }
  return undefined
}

function find<T>(routes: Route<T>[] | undefined, method: string, path: string): Route<T> | undefined {
  if (routes === undefined) return undefined
  for (let i = 0; i < routes.length; i++) {
    const route = routes[i]!
    const { methods, path_prefix } = route.match
    if (isUnder(path_prefix, path) && (methods.length === 0 || methods.includes(method))) return route
  }
  return undefined
}

/** Whether the path lies under the prefix by whole segments: `/api` holds `/api`, `/api/x`, `/api?x`, not `/apix`. */
function isUnder(prefix: string, path: string): boolean {
  if (prefix === '/') return true
  if (!path.startsWith(prefix)) return false
  return (
    path.length === prefix.length || prefix.endsWith('/') || path[prefix.length] === '/' || path[prefix.length] === '?'
  )
}
