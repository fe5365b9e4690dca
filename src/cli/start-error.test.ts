import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CliError, FAILED } from './cli-error.ts'
import { startError } from './start-error.ts'

function message(code: string): string {
  const cause = Object.assign(new Error('listen failed'), { code, port: 80, address: '10.0.0.1' })
  const error = startError(cause)
  assert.ok(error instanceof CliError, code)
  assert.equal(error.exitCode, FAILED)
  return error.message
}

test('each reason why a listener cannot be opened is one line with a way on', () => {
  assert.equal(
    message('EADDRINUSE'),
    'port 80 is already in use. Stop the program that uses it, ' +
      'or choose another port with --port or "load_balancer": { "port": … }.',
  )
  assert.equal(
    message('EACCES'),
    'no permission to listen on port 80. Choose a port from 1024 up with --port or ' +
      '"load_balancer": { "port": … }, or have an administrator allow it.',
  )
  assert.equal(
    message('EADDRNOTAVAIL'),
    'the address 10.0.0.1 does not belong to this machine. ' +
      'Choose one that does with --address, or leave it out to listen on all.',
  )
  assert.match(message('EAFNOSUPPORT'), /^this machine does not support the kind of address 10\.0\.0\.1\./)
  assert.equal(message('EMFILE'), 'listen failed.')
})

test('an error that has nothing to do with a listener stays what it is', () => {
  const defect = new TypeError('x is undefined')
  assert.equal(startError(defect), defect)
  assert.equal(startError('text'), 'text')
})
