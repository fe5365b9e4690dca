// A plain table: the first column to the left, the others to the right.

/** `rows` begins with the head; every row is of the same length. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('   ')
  const [head, ...body] = rows
  const rule = widths.map((width) => '─'.repeat(width)).join('───')
  return [line(head!), rule, ...body.map(line)].map((text) => `  ${text.trimEnd()}`).join('\n')
}
