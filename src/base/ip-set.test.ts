import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IpSet, isValidEntry } from './ip-set.ts'

test('holds single addresses and blocks of both families', () => {
  const set = new IpSet(['192.0.2.7', '10.0.0.0/8', '2001:db8::/32', '::1'])
  for (const address of ['192.0.2.7', '10.0.0.0', '10.255.255.255', '2001:db8:1::5', '2001:DB8::1', '::1', '0:0::1']) {
    assert.equal(set.has(address), true, address)
  }
  for (const address of ['192.0.2.8', '9.255.255.255', '11.0.0.0', '2001:db9::1', '::2', '::']) {
    assert.equal(set.has(address), false, address)
  }
})

test('an IPv4 address mapped into IPv6 is that IPv4 address', () => {
  const plain = new IpSet(['10.0.0.0/8', '192.0.2.1'])
  const mapped = new IpSet(['::ffff:10.0.0.0/104', '::ffff:c000:201'])
  for (const set of [plain, mapped]) {
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '::ffff:a01:203', '192.0.2.1', '::FFFF:192.0.2.1']) {
      assert.equal(set.has(address), true, address)
    }
    for (const address of ['11.1.2.3', '::ffff:11.1.2.3', '::10.1.2.3', '64:ff9b::10.1.2.3', '192.0.2.2']) {
      assert.equal(set.has(address), false, address)
    }
  }
})

test('all of IPv6 is not all of IPv4, nor the other way round', () => {
  assert.equal(new IpSet(['::/0']).has('10.0.0.1'), false)
  assert.equal(new IpSet(['::/0']).has('::ffff:10.0.0.1'), false)
  assert.equal(new IpSet(['::/0']).has('2001:db8::1'), true)
  assert.equal(new IpSet(['0.0.0.0/0']).has('2001:db8::1'), false)
  assert.equal(new IpSet(['0.0.0.0/0']).has('10.0.0.1'), true)
})

test('bits of an entry behind its prefix do not count', () => {
  assert.equal(new IpSet(['10.1.2.3/8']).has('10.200.0.1'), true)
  assert.equal(new IpSet(['2001:db8:8123::/33']).has('2001:db8:ffff::1'), true)
})

test('a zone is not looked at', () => {
  assert.equal(new IpSet(['fe80::/10']).has('fe80::1%eth0'), true)
})

test('what is no address is in no set', () => {
  const all = new IpSet(['0.0.0.0/0', '::/0'])
  for (const text of [
    '',
    'unknown',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.1:80',
    '[::1]',
    '10.0.0.0/8',
    ' ::1',
  ]) {
    assert.equal(all.has(text), false, text)
  }
  assert.equal(new IpSet([]).has('10.0.0.1'), false)
})

test('tells valid entries from others', () => {
  for (const text of ['0.0.0.0/0', '10.0.0.1', '10.0.0.0/32', '::/0', '::1/128', '::ffff:10.0.0.0/104']) {
    assert.equal(isValidEntry(text), true, text)
    assert.doesNotThrow(() => new IpSet([text]))
  }
  const invalid = ['', '/', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/-1', '10.0.0.0/8/8', '10.0.0/8']
  for (const text of [...invalid, '::/129', '::/1e1', 'localhost', 'fe80::1%eth0', '10.0.0.0/255.0.0.0', '10.*']) {
    assert.equal(isValidEntry(text), false, text)
    assert.throws(() => new IpSet([text]), { name: 'TypeError', message: /not an IP address or CIDR block/ })
  }
})

test('an address differs from a block by its first other bit', () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => {
      bytes[0]! |= 0x20 // never a mapped address
      return bytes
    }),
  )
  fc.assert(
    fc.property(address, fc.nat(127), fc.nat(128), (bytes, at, prefix) => {
      const bit = at % (bytes.length * 8)
      const bits = prefix % (bytes.length * 8 + 1)
      const other = bytes.slice()
      other[bit >> 3]! ^= 0x80 >> (bit & 7)
      if (other.length === 16 && other[0] === 0) return
      assert.equal(new IpSet([`${format(bytes)}/${bits}`]).has(format(other)), bit >= bits)
    }),
  )
})

function format(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return Array.from({ length: 8 }, (_, group) => view.getUint16(2 * group).toString(16)).join(':')
}
