// One folder under the system's temporary folder for everything that a run writes; it disappears with the process.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let root: string | null = null

/** A new folder of this name (a number is added when the name was used before) inside the run's temporary folder. */
export function tempFolder(name: string): string {
  if (root === null) {
    const created = mkdtempSync(join(tmpdir(), 'octoload-bench-'))
    process.on('exit', () => rmSync(created, { recursive: true, force: true }))
    root = created
  }
  for (let number = 1; ; number++) {
    const folder = join(root, number === 1 ? name : `${name}-${number}`)
    if (mkdirSync(folder, { recursive: true }) !== undefined) return folder
  }
}
