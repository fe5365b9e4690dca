#!/usr/bin/env node
// The executable: refuses a Node that is too old with one clear line, then hands over to the command line.
// In a checkout it runs the TypeScript source unbuilt; in the package, the compiled files.
import { existsSync } from 'node:fs'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `octoload needs Node.js 22.18 or newer, but this is ${process.version}. ` +
      'Install a newer one from nodejs.org, or inside a checkout use `npm start`, which brings its own.',
  )
  process.exit(1)
}
const source = new URL('../src/cli/main.ts', import.meta.url)
const { main } = await import(existsSync(source) ? source.href : new URL('../dist/cli/main.js', import.meta.url).href)
await main(process.argv.slice(2))
