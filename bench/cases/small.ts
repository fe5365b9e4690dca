// The smallest sensible exchange: what is left is the proxy's own work for each request.
import { SMALL_BODY } from '../origin/content.ts'
import { type BenchCase, type BenchRequest, HOST } from './bench-case.ts'

export const SMALL_REQUEST: BenchRequest = {
  method: 'GET',
  target: '/',
  headers: [
    ['Host', HOST],
    ['User-Agent', 'bench/1.0'],
    ['Accept', '*/*'],
  ],
  body: null,
}

export const small: BenchCase = {
  name: 'small',
  title: 'small keep-alive requests: 64 connections, 120-byte responses, logging off',
  connections: 64,
  connectionPerRequest: false,
  logging: false,
  requests: [SMALL_REQUEST],
  responseBody: SMALL_BODY,
}
