import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Arguments, parseArguments } from './arguments.ts'
import { CliError, WRONG_USE } from './cli-error.ts'
import type { Command } from './command.ts'

const command: Command = {
  name: 'bake',
  summary: 'bake bread',
  usage: ['LOAF'],
  options: {
    port: { short: 'p', value: 'PORT', summary: 'the port' },
    'log-level': { value: 'LEVEL', summary: 'the level' },
    print: { summary: 'print it' },
  },
  examples: [],
  run: async () => {},
}

function parse(...words: string[]): Arguments {
  return parseArguments(command, words)
}

function message(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    assert.ok(error instanceof CliError, String(error))
    assert.equal(error.exitCode, WRONG_USE)
    return error.message
  }
  return assert.fail('nothing was thrown')
}

test('options and other words may stand in any order, with = or a space, long or short', () => {
  for (const words of [
    ['a', '--port', '80', '--print', 'b'],
    ['--port=80', 'a', 'b', '--print'],
    ['-p', '80', '--print', 'a', 'b'],
    ['--print', '-p80', 'a', 'b'],
  ]) {
    const args = parse(...words)
    assert.deepEqual(args.positionals, ['a', 'b'], words.join(' '))
    assert.equal(args.wholeNumber('port', 0, 65535), 80)
    assert.equal(args.flag('print'), true)
  }
})

test('an option that is not given reads as undefined or false', () => {
  const args = parse()
  assert.equal(args.has('port'), false)
  assert.equal(args.text('port'), undefined)
  assert.equal(args.wholeNumber('port', 0, 9), undefined)
  assert.equal(args.oneOf('log-level', ['info']), undefined)
  assert.equal(
    args.parsed('port', 'a port', () => 1),
    undefined,
  )
  assert.equal(args.flag('print'), false)
})

test('after -- nothing is an option', () => {
  assert.deepEqual(parse('--', '--port').positionals, ['--port'])
})

test('the last of a repeated option counts', () => {
  assert.equal(parse('--port', '1', '--port', '2').text('port'), '2')
})

test('an unknown option is answered with the nearest one and the way to the list', () => {
  assert.equal(
    message(() => parse('--prot', '80')),
    'there is no option --prot. Did you mean --port? Run "octoload bake --help" to see them all.',
  )
  assert.equal(
    message(() => parse('--xyzzy')),
    'there is no option --xyzzy. Run "octoload bake --help" to see them all.',
  )
  assert.match(
    message(() => parse('--log-levle=info')),
    /there is no option --log-levle\. Did you mean --log-level\?/,
  )
  assert.match(
    message(() => parse('-x')),
    /there is no option -x\. Run/,
  )
  assert.match(
    message(() => parse('--__proto__')),
    /there is no option --__proto__\. Run/,
  )
  assert.match(
    message(() => parse('--constructor')),
    /there is no option --constructor\. Run/,
  )
})

test('a forgotten value is named, also when another option follows in its place', () => {
  for (const words of [['--port'], ['--port='], ['--port', '--print'], ['--port', '']]) {
    assert.equal(
      message(() => parse(...words)),
      '--port needs a value: --port PORT.',
      words.join(' '),
    )
  }
  assert.equal(
    message(() => parse('-p')),
    '-p needs a value: -p PORT.',
  )
})

test('a value for a flag is refused', () => {
  assert.equal(
    message(() => parse('--print=yes')),
    '--print takes no value; write it without "=yes".',
  )
})

test('a number must be whole and in range', () => {
  for (const value of ['x', '-1', '1.5', '70000', '1e3', '0x10', '99999999999', ' 1']) {
    assert.equal(
      message(() => parse(`--port=${value}`).wholeNumber('port', 0, 65535)),
      `--port takes a whole number from 0 to 65535, not "${value}".`,
    )
  }
})

test('a wrong name is answered with all names and the nearest', () => {
  const names = ['debug', 'info', 'warn']
  assert.equal(parse('--log-level', 'warn').oneOf('log-level', names), 'warn')
  assert.equal(
    message(() => parse('--log-level', 'wran').oneOf('log-level', names)),
    '--log-level takes debug, info or warn, not "wran". Did you mean warn?',
  )
  assert.equal(
    message(() => parse('--log-level', 'x').oneOf('log-level', names)),
    '--log-level takes debug, info or warn, not "x".',
  )
})

test('a value that its reader does not understand is refused with what would be right', () => {
  const read = (text: string) => (text === 'good' ? 1 : undefined)
  assert.equal(parse('--port', 'good').parsed('port', 'good', read), 1)
  assert.equal(
    message(() => parse('--port', 'bad').parsed('port', 'good', read)),
    '--port takes good, not "bad".',
  )
})
