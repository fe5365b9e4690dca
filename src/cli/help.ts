// The text of `--help`, derived from the commands' records. Kept within 80 columns where the records allow it.
import { GENERAL_OPTIONS } from './arguments.ts'
import type { Command, Example, Option } from './command.ts'

const INDENT = '  '
const WIDTH = 80

/** Help for the program: the command that needs no name, then the list of the others. */
export function programHelp(commands: readonly Command[]): string {
  const main = commands.find((command) => command.name === '')
  if (main === undefined) throw new Error('no command has an empty name')
  const named = commands.filter((command) => command.name !== '')
  return sections([
    ['', ['octoload: an HTTP load balancer']],
    ['Usage', usageLines(main)],
    ['Commands', table(named.map((command) => [command.name, command.summary]))],
    ['Options', optionTable({ ...main.options, ...GENERAL_OPTIONS })],
    ['', main.notes ?? []],
    ['Examples', exampleLines(commands.flatMap((command) => command.examples.slice(0, command === main ? 9 : 1)))],
    ['', ['"octoload COMMAND --help" tells more about a command.']],
  ])
}

export function commandHelp(command: Command): string {
  return sections([
    ['', [`octoload ${command.name}: ${command.summary}`]],
    ['Usage', usageLines(command)],
    ['Options', optionTable({ ...command.options, ...GENERAL_OPTIONS })],
    ['', command.notes ?? []],
    ['Examples', exampleLines(command.examples)],
  ])
}

function sections(list: readonly (readonly [title: string, lines: readonly string[]])[]): string {
  return list
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => (title === '' ? lines : [`${title}:`, ...lines.map((line) => INDENT + line)]).join('\n'))
    .join('\n\n')
}

function usageLines(command: Command): string[] {
  return command.usage.map((form) => ['octoload', command.name, form].filter((word) => word !== '').join(' '))
}

function optionTable(options: Readonly<Record<string, Option>>): string[] {
  return table(
    Object.entries(options).map(([name, { short, value, summary }]) => [
      `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
      summary,
    ]),
  )
}

function exampleLines(examples: readonly Example[]): string[] {
  return table(examples.map(({ command, does }) => [command, does]))
}

/** Two columns; text that does not fit beside the widest left cell goes on below itself. */
function table(rows: readonly (readonly [left: string, right: string])[]): string[] {
  const column = Math.max(...rows.map(([left]) => left.length)) + 2
  return rows.flatMap(([left, right]) =>
    wrapped(right, WIDTH - INDENT.length - column).map((line, at) => (at === 0 ? left : '').padEnd(column) + line),
  )
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
