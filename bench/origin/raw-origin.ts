// The command that starts raw-origin-server.ts.
import { join } from 'node:path'
import type { Command } from '../machine/child.ts'

export function rawOrigin(ports: readonly number[]): Command {
  return { argv: [process.execPath, join(import.meta.dirname, 'raw-origin-server.ts'), ...ports.map(String)] }
}
