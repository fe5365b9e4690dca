// A connection for each request: accepting and closing on the client's side, keep-alive still on the server's side.
import type { BenchCase } from './bench-case.ts'
import { SMALL_REQUEST, small } from './small.ts'

export const close: BenchCase = {
  ...small,
  name: 'close',
  title: 'a connection per request (Connection: close): 64 at a time, 120-byte responses, logging off',
  connectionPerRequest: true,
  requests: [{ ...SMALL_REQUEST, headers: [...SMALL_REQUEST.headers, ['Connection', 'close']] }],
}
