// What `npm test` prints: nothing for a test that passes, everything about one that does not, and one line at the end.
// With coverage (`npm run coverage`) also the lines that no test ran.
import { relative, resolve } from 'node:path'
import type { TestEvent } from 'node:test/reporters'
import { styleText } from 'node:util'

type Coverage = Extract<TestEvent, { type: 'test:coverage' }>['data']['summary']
type Failure = Extract<TestEvent, { type: 'test:fail' }>['data']

// biome-ignore lint/style/noDefaultExport: Node's test runner takes a reporter as the default export.
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const names: string[] = []
  const skipped: string[] = []
  const printed = new Map<string, string>()
  const failed = new Set<string>()
  for await (const event of events) {
    if (event.type === 'test:start') {
      names.length = event.data.nesting
      names.push(event.data.name)
    } else if (event.type === 'test:pass' && event.data.skip !== undefined) {
      skipped.push(`${event.data.name}${typeof event.data.skip === 'string' ? ` (${event.data.skip})` : ''}`)
    } else if (event.type === 'test:stdout' || event.type === 'test:stderr') {
      const { message } = event.data
      const file = resolve(event.data.file)
      printed.set(file, (printed.get(file) ?? '') + message)
    } else if (event.type === 'test:fail' && !isParent(event.data)) {
      yield describeFailure(event.data, names.slice(0, event.data.nesting).concat(event.data.name))
      failed.add(resolve(event.data.file ?? ''))
    } else if (event.type === 'test:coverage') {
      yield describeCoverage(event.data.summary)
    } else if (event.type === 'test:summary' && event.data.file === undefined) {
      const { counts, duration_ms } = event.data
      for (const file of failed) yield describeOutput(file, printed.get(file))
      for (const name of skipped) yield `skipped: ${name}\n`
      const failures = counts.tests - counts.passed - counts.skipped - counts.todo
      const verdict = failures === 0 ? styleText('green', 'all passed') : styleText('red', `${failures} failed`)
      yield `${counts.tests} tests, ${verdict}, in ${(duration_ms / 1000).toFixed(1)} s\n`
    }
  }
}

/** Whether it failed only because a test within it did, which is reported by itself. */
function isParent(failure: Failure): boolean {
  return (failure.details.error as { failureType?: string }).failureType === 'subtestsFailed'
}

function describeFailure(failure: Failure, path: string[]): string {
  const place = failure.file === undefined ? '' : `${relative('.', failure.file)}:${failure.line ?? 1}`
  const { cause, exitCode } = failure.details.error as { cause?: unknown; exitCode?: number | null }
  const code = typeof exitCode === 'number' ? `, its process ended with code ${exitCode}` : ''
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : `${cause}${code}`
  const lines = text.split('\n').filter((line) => !/^\s+at .*node:internal/.test(line))
  return `\n${styleText('red', '✖')} ${path.join(' › ')}\n  ${place}\n${indent(lines.join('\n'), '    ')}\n`
}

/** What a file with failures has printed, which does not say by which of its tests. */
function describeOutput(file: string, output: string | undefined): string {
  return output === undefined ? '' : `\nprinted by ${relative('.', file)}:\n${indent(output.trimEnd(), '  | ')}\n`
}

function describeCoverage({ files, totals }: Coverage): string {
  const rows = files
    .filter((file) => file.coveredLineCount < file.totalLineCount)
    .toSorted((a, b) => a.coveredLinePercent - b.coveredLinePercent)
    .map((file) => {
      const missing = file.lines.filter(({ count }) => count === 0).map(({ line }) => line)
      return `${file.coveredLinePercent.toFixed(1).padStart(6)} %  ${relative('.', file.path)}: ${ranges(missing)}\n`
    })
  const share = (name: string, percent: number) => `${percent.toFixed(1)} % of ${name}`
  const all = [share('lines', totals.coveredLinePercent), share('branches', totals.coveredBranchPercent)]
  return `${rows.join('')}covered: ${[...all, share('functions', totals.coveredFunctionPercent)].join(', ')}\n`
}

/** Writes 1, 2, 3, 7 as `1-3, 7`. */
function ranges(lines: number[]): string {
  const starts = lines.filter((line, index) => lines[index - 1] !== line - 1)
  const ends = lines.filter((line, index) => lines[index + 1] !== line + 1)
  return starts.map((start, index) => (start === ends[index] ? start : `${start}-${ends[index]}`)).join(', ')
}

function indent(text: string, by: string): string {
  return text.replaceAll(/^/gm, by)
}
