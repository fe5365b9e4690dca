// Responses of the size of a script or a photograph.
import { BODY_64K } from '../origin/content.ts'
import type { BenchCase } from './bench-case.ts'
import { SMALL_REQUEST } from './small.ts'

export const body64k: BenchCase = {
  name: 'body64k',
  title: 'responses of 64 KiB: 64 connections, logging off',
  connections: 64,
  connectionPerRequest: false,
  logging: false,
  requests: [{ ...SMALL_REQUEST, target: '/64k' }],
  responseBody: BODY_64K,
}
