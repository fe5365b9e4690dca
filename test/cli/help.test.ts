import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { GENERAL_OPTIONS } from '../../src/cli/arguments.ts'
import { commands } from '../../src/cli/commands/index.ts'
import { octoload } from './octoload-process.ts'

const docs = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8')
const packageVersion: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

test('--help and -h list every command and how to run without one', async () => {
  const long = await octoload(['--help'])
  assert.equal(long.end, 0)
  assert.equal(long.stderr, '')
  for (const { name, summary } of commands) {
    if (name !== '') assert.match(long.stdout, new RegExp(`^  ${name} +${summary}$`, 'm'))
  }
  assert.match(long.stdout, /octoload 3001 3002/)
  assert.deepEqual(await octoload(['-h']), long)
  assert.deepEqual(await octoload(['help']), long)
})

test('the help of each command shows all of its options and an example, in 80 columns', async () => {
  for (const command of commands) {
    const { end, stdout } = await octoload([command.name, '--help'].filter((word) => word !== ''))
    assert.equal(end, 0)
    for (const [name, { short, value, summary }] of Object.entries({ ...command.options, ...GENERAL_OPTIONS })) {
      const written = `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? ' ' : ` ${value}`}`
      assert.ok(stdout.includes(written), `${command.name}: ${written}`)
      assert.ok(stdout.includes(summary.split(' ').slice(0, 3).join(' ')), `${command.name}: ${summary}`)
    }
    assert.deepEqual(
      stdout.split('\n').filter((line) => line.length > 80),
      [],
    )
    assert.ok(command.examples.length > 0, command.name)
    for (const example of command.examples) assert.ok(stdout.includes(example.command), example.command)
  }
})

test('help goes before everything else that is wrong with the command line', async () => {
  const { end, stdout } = await octoload(['check', 'no-such-file', 'too', 'many', '--help'])
  assert.equal(end, 0)
  assert.match(stdout, /^octoload check: /)
})

test('--version and -v print the version of the package', async () => {
  for (const words of [['-v'], ['check', '--version']]) {
    assert.deepEqual(await octoload(words), { end: 0, stdout: `${packageVersion}\n`, stderr: '' })
  }
})

test('docs/command-line.md names every command and every option', () => {
  for (const command of commands) {
    assert.ok(docs.includes(`\`octoload${command.name === '' ? '' : ` ${command.name}`}\``), command.name)
    for (const [name, { short, value }] of Object.entries({ ...command.options, ...GENERAL_OPTIONS })) {
      const long = `--${name}${value === undefined ? '' : ` ${value}`}`
      assert.ok(docs.includes(long), `${command.name} ${long}`)
      if (short !== undefined) assert.ok(docs.includes(`\`-${short}\``), `${command.name} -${short}`)
    }
  }
})

test('a mistyped command is answered with the nearest one, exit code 2', async () => {
  const { end, stdout, stderr } = await octoload(['chekc'])
  assert.equal(end, 2)
  assert.equal(stdout, '')
  assert.equal(
    stderr,
    'octoload: "chekc" is neither a command nor a server. Did you mean check? ' +
      'Servers are written as 3001, host:3001 or http://host:3001.\n',
  )
})

test('a mistyped option is answered with the nearest one, exit code 2', async () => {
  const { end, stdout, stderr } = await octoload(['check', '--prnt'])
  assert.equal(end, 2)
  assert.equal(stdout, '')
  assert.equal(
    stderr,
    'octoload: there is no option --prnt. Did you mean --print? Run "octoload check --help" to see them all.\n',
  )
})
