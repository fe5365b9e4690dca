// Request bodies: a form of 10 KiB, held in full by any proxy's default buffer.
import { SMALL_BODY } from '../origin/content.ts'
import { type BenchCase, HOST } from './bench-case.ts'

const FORM = Buffer.from('field=0123456789abcdefghijklmnopqrstuvwxyz&'.repeat(256).slice(0, 10 * 1024))

export const post10k: BenchCase = {
  name: 'post10k',
  title: 'POST of 10 KiB: 64 connections, 120-byte responses, logging off',
  connections: 64,
  connectionPerRequest: false,
  logging: false,
  requests: [
    {
      method: 'POST',
      target: '/upload',
      headers: [
        ['Host', HOST],
        ['User-Agent', 'bench/1.0'],
        ['Accept', '*/*'],
        ['Content-Type', 'application/x-www-form-urlencoded'],
        ['Content-Length', String(FORM.length)],
      ],
      body: FORM,
    },
  ],
  responseBody: SMALL_BODY,
}
