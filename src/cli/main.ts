// The command line: finds the command, reads its options, runs it, and turns what goes wrong into a line and an exit code.
// 0: done, or stopped gracefully; 1: it could not be done; 2: the command line was wrong.
import { readFileSync } from 'node:fs'
import { type Arguments, didYouMean, parseArguments } from './arguments.ts'
import { CliError, FAILED, wrongUse } from './cli-error.ts'
import { commands } from './commands/index.ts'
import { run } from './commands/run.ts'
import { commandHelp, programHelp } from './help.ts'
import { serverUrl } from './server-argument.ts'

/** Runs one command line, given without the program's name. */
export async function main(argv: string[]): Promise<void> {
  process.on('uncaughtException', endOnDefect)
  // Whoever reads our output may leave early (`octoload --help | head -1`); that is no reason to fail.
  process.stdout.on('error', ignoreBrokenPipe)
  try {
    await runCommand(argv)
  } catch (error) {
    if (!(error instanceof CliError)) endOnDefect(error)
    console.error(`octoload: ${error.message}`)
    process.exit(error.exitCode)
  }
}

async function runCommand(words: string[]): Promise<void> {
  // `octoload help check` is as good as `octoload check --help`.
  if (words[0] === 'help') return runCommand([...words.slice(1), '--help'])
  const named = commands.find(({ name }) => name !== '' && name === words[0])
  const command = named ?? run
  const args = parseArguments(command, named === undefined ? words : words.slice(1))
  if (args.flag('help')) return console.log(command === run ? programHelp(commands) : commandHelp(command))
  if (args.flag('version')) return console.log(version())
  if (command === run) refuseStrayWords(args)
  await command.run(args)
}

/** Without a command every word has to be a server; one that is not was most likely meant to be a command. */
function refuseStrayWords(args: Arguments): void {
  const stray = args.positionals.find((word) => serverUrl(word) === undefined)
  if (stray === undefined) return
  const names = commands.map(({ name }) => name).filter((name) => name !== '')
  if (names.includes(stray)) throw wrongUse(`a command comes first: octoload ${stray} [OPTIONS].`)
  throw wrongUse(
    `"${stray}" is neither a command nor a server.${didYouMean(stray, names)} ` +
      'Servers are written as 3001, host:3001 or http://host:3001.',
  )
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

function endOnDefect(error: unknown): never {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  console.error(`octoload: ended by an unexpected error, which is a defect of octoload:\n${stack}`)
  process.exit(FAILED)
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') endOnDefect(error)
}
