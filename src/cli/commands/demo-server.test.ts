import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseArguments } from '../arguments.ts'
import { demoServer, demoServerOptions } from './demo-server.ts'

function read(...words: string[]): object {
  return demoServerOptions(parseArguments(demoServer, words))
}

test('without options it is server 1 on port 8001, fast and without errors', () => {
  assert.deepEqual(read(), { id: '1', port: 8001, errorRate: 0, slowStart: 0 })
})

test('a latency is a time or a range', () => {
  assert.deepEqual(read('--latency', '20ms'), { ...read(), latency: 20, latencyJitter: 0 })
  assert.deepEqual(read('--latency', '10ms-1.5s'), { ...read(), latency: 10, latencyJitter: 1490 })
})

test('an error rate is a percentage or a share', () => {
  assert.deepEqual(read('--error-rate', '5%'), { ...read(), errorRate: 0.05 })
  assert.deepEqual(read('--error-rate', '0.05'), { ...read(), errorRate: 0.05 })
  assert.deepEqual(read('--error-rate', '100%'), { ...read(), errorRate: 1 })
})

test('the others are taken as they are', () => {
  const words = ['--id', 'blue', '-p', '0', '--host', '::1', '--slow-start', '30s']
  assert.deepEqual(read(...words), { id: 'blue', port: 0, host: '::1', errorRate: 0, slowStart: 30_000 })
})

test('what does not fit is told', () => {
  const cases = {
    '--latency=fast': '--latency takes a time such as 20ms, or a range such as 10ms-50ms, not "fast".',
    '--latency=50ms-10ms': '--latency takes a time such as 20ms, or a range such as 10ms-50ms, not "50ms-10ms".',
    '--latency=1ms-2ms-3ms': '--latency takes a time such as 20ms, or a range such as 10ms-50ms, not "1ms-2ms-3ms".',
    '--latency=-5ms': '--latency takes a time such as 20ms, or a range such as 10ms-50ms, not "-5ms".',
    '--error-rate=120%': '--error-rate takes a share such as 5% or 0.05, not "120%".',
    '--error-rate=5': '--error-rate takes a share such as 5% or 0.05, not "5".',
    '--error-rate=-1': '--error-rate takes a share such as 5% or 0.05, not "-1".',
    '--slow-start=30': '--slow-start takes a time such as 30s, not "30".',
    '--port=web': '--port takes a whole number from 0 to 65535, not "web".',
    '8001': 'demo-server takes options only, not "8001".',
  }
  for (const [word, message] of Object.entries(cases)) assert.throws(() => read(word), { message }, word)
})
