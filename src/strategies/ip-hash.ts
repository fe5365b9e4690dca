// Requests from the same address go to the same server: short for `hash` with the key `client_address`.
import { boundOption, HashPicker, methodOption } from '../picking/hash-picker.ts'
import { defineStrategy } from '../seams/define-strategy.ts'

export const ipHash = defineStrategy({
  name: 'ip_hash',
  title: 'ip hash',
  summary: 'The server that the address of the client belongs to.',
  showsLoad: false,
  options: { method: methodOption, bounded_load: boundOption },
  make: (servers, tools, { method, bounded_load }, before) =>
    new HashPicker(servers, tools, { kind: 'client_address', name: '' }, method, bounded_load, before),
})
