// The small exchange with a line in the log for each request, on every proxy that has such a log.
import type { BenchCase } from './bench-case.ts'
import { small } from './small.ts'

export const smallLogged: BenchCase = {
  ...small,
  name: 'small-logged',
  title: 'small keep-alive requests, one log line for each: 64 connections, 120-byte responses',
  logging: true,
}
