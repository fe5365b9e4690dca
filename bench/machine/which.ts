// Finds an installed program by name, also where a plain user's PATH does not lead (nginx and HAProxy live in sbin).
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The program's full path, or null when it is not installed. */
export function which(program: string): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter).concat('/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin')
  for (const folder of folders) {
    const path = join(folder, program)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder.
    }
  }
  return null
}
