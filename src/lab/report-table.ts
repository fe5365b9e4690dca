// The comparison as a table for a terminal.
import type { Comparison } from './comparison.ts'
import { COLUMNS, factLine } from './report-columns.ts'

/** Ends with a newline. */
export function reportTable({ scenario, results }: Comparison): string {
  const rows = [
    COLUMNS.map(({ heading }) => heading),
    ...results.map((result) => COLUMNS.map(({ cell }) => cell(result))),
  ]
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '),
  )
  const title = scenario.summary === '' ? scenario.name : `${scenario.name}: ${scenario.summary}`
  const notes = scenario.notes.map((note) => `Note: ${note}`)
  return `${[title, factLine(scenario), '', ...lines, ...(notes.length === 0 ? [] : ['', ...notes])].join('\n')}\n`
}
