// The text of a request that decides where it goes when an upstream hashes.
import { findValue } from '../http1/fields.ts'
import type { RequestHead } from '../http1/request-head.ts'
import type { KeySource } from '../seams/strategy.ts'

/** Empty when the request has no such part. `address` is the client's. */
export function exchangeKey(source: KeySource, head: RequestHead, address: string): string {
  switch (source.kind) {
    case 'client_address':
      return address
    case 'host':
      return head.host
    case 'path':
      return pathOf(head.target)
    case 'header':
      return findValue(head.fields.forward, source.name)
    case 'cookie':
      return parameter(findValue(head.fields.forward, 'cookie'), source.name, ';')
    case 'query':
      return parameter(head.target.slice(pathOf(head.target).length + 1), source.name, '&')
  }
}

function pathOf(target: string): string {
  const end = target.indexOf('?')
  return end < 0 ? target : target.slice(0, end)
}

/** The value of `name` in a list of `name=value`, as it stands there. */
function parameter(list: string, name: string, separator: string): string {
  let at = 0
  while (at < list.length) {
    let end = list.indexOf(separator, at)
    if (end < 0) end = list.length
    while (list[at] === ' ') at++
    if (list.startsWith(name, at) && list[at + name.length] === '=') return list.slice(at + name.length + 1, end)
    at = end + 1
  }
  return ''
}
