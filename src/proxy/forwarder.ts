// Makes the lines that tell a server who the client was: X-Forwarded-For, -Proto, -Host, Forwarded (RFC 7239), Via
// (RFC 9110 section 7.6.3). What a client says about itself is believed, and extended, only when it is a trusted proxy.
import type { IpSet } from '../base/ip-set.ts'
import type { Forwarding } from '../config/config.ts'
import type { RequestHead } from '../http1/request-head.ts'

const PSEUDONYM = 'octoload'

export class Forwarder {
  private readonly options: Forwarding
  private readonly trusted: IpSet

  constructor(options: Forwarding, trusted: IpSet) {
    this.options = options
    this.trusted = trusted
  }

  trusts(address: string): boolean {
    return this.options.trusted_proxies.length > 0 && this.trusted.has(address)
  }

  /** The lines to add to a request from `address`, each with its CR LF. */
  lines(head: RequestHead, address: string, trusted: boolean): string {
    const { fields } = head
    let lines = ''
    if (this.options.x_forwarded) {
      lines += `X-Forwarded-For: ${extended(trusted, fields.forwardedFor, address)}\r\n`
      lines += `X-Forwarded-Proto: ${kept(trusted, fields.forwardedProto, 'http')}\r\n`
      const host = kept(trusted, fields.forwardedHost, head.host)
      if (host !== '') lines += `X-Forwarded-Host: ${host}\r\n`
    } else if (trusted) {
      if (fields.forwardedFor !== '') lines += `X-Forwarded-For: ${fields.forwardedFor}\r\n`
      if (fields.forwardedProto !== '') lines += `X-Forwarded-Proto: ${fields.forwardedProto}\r\n`
      if (fields.forwardedHost !== '') lines += `X-Forwarded-Host: ${fields.forwardedHost}\r\n`
    }
    if (this.options.forwarded) {
      const host = head.host === '' ? '' : `;host=${quoted(head.host)}`
      const element = `for=${quoted(address.includes(':') ? `[${address}]` : address)}${host};proto=http`
      lines += `Forwarded: ${extended(trusted, fields.forwarded, element)}\r\n`
    } else if (trusted && fields.forwarded !== '') lines += `Forwarded: ${fields.forwarded}\r\n`
    if (this.options.via) {
      lines += `Via: ${extended(trusted, fields.via, `${head.old ? '1.0' : '1.1'} ${PSEUDONYM}`)}\r\n`
    } else if (trusted && fields.via !== '') lines += `Via: ${fields.via}\r\n`
    return lines
  }
}

function extended(trusted: boolean, before: string, own: string): string {
  return trusted && before !== '' ? `${before}, ${own}` : own
}

function kept(trusted: boolean, before: string, own: string): string {
  return trusted && before !== '' ? before : own
}

/** A Forwarded value as a token where it is one, else as a quoted string. */
function quoted(value: string): string {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value) ? value : `"${value}"`
}
