// A set of IP addresses and CIDR blocks. `::ffff:10.0.0.1` is the IPv4 address 10.0.0.1 as a listener for both families
// reports it (RFC 4291, section 2.5.5.2), so it counts as that, in an entry as well as in a question.
import { BlockList, isIP } from 'node:net'

const MAPPED = new BlockList()
MAPPED.addSubnet('::ffff:0:0', 96, 'ipv6')

export class IpSet {
  // One list would do if it were not for blocks such as ::/0, which hold all mapped addresses: BlockList finds IPv4
  // addresses in them, and whoever trusts "all of IPv6" would trust all of IPv4 too.
  private readonly ipv4 = new BlockList()
  private readonly ipv6 = new BlockList()

  /** Takes addresses and CIDR blocks; throws a TypeError on one for which `isValidEntry` is false. */
  constructor(entries: readonly string[]) {
    for (const text of entries) {
      const entry = parseEntry(text)
      if (entry === null) throw new TypeError(`not an IP address or CIDR block: ${text}`)
      const { address, bits } = entry
      if (isIP(address) === 4) this.ipv4.addSubnet(address, bits, 'ipv4')
      else if (bits >= 96 && MAPPED.check(address, 'ipv6')) this.ipv4.addSubnet(address, bits, 'ipv6')
      else this.ipv6.addSubnet(address, bits, 'ipv6')
    }
  }

  /** Whether the address is in the set; what is no IP address is not. A zone (`fe80::1%eth0`) is not looked at. */
  has(address: string): boolean {
    const family = isIP(address)
    if (family === 4) return this.ipv4.check(address, 'ipv4')
    if (family !== 6) return false
    return MAPPED.check(address, 'ipv6') ? this.ipv4.check(address, 'ipv6') : this.ipv6.check(address, 'ipv6')
  }
}

/** Whether the text is an IP address or a CIDR block: `10.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`. */
export function isValidEntry(text: string): boolean {
  return parseEntry(text) !== null
}

function parseEntry(text: string): { address: string; bits: number } | null {
  const slash = text.indexOf('/')
  const address = slash === -1 ? text : text.slice(0, slash)
  const family = isIP(address)
  if (family === 0 || address.includes('%')) return null
  const longest = family === 4 ? 32 : 128
  if (slash === -1) return { address, bits: longest }
  const bits = text.slice(slash + 1)
  return /^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= longest ? { address, bits: Number(bits) } : null
}
