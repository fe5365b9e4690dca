// Responses so large that moving bytes is all that counts. Few connections, as in real downloads.
import { BODY_1M } from '../origin/content.ts'
import type { BenchCase } from './bench-case.ts'
import { SMALL_REQUEST } from './small.ts'

export const body1m: BenchCase = {
  name: 'body1m',
  title: 'responses of 1 MiB: 16 connections, logging off',
  connections: 16,
  connectionPerRequest: false,
  logging: false,
  requests: [{ ...SMALL_REQUEST, target: '/1m' }],
  responseBody: BODY_1M,
}
