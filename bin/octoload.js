#!/usr/bin/env node
// The executable: refuses a Node that is too old with one clear line, then hands over to the command line.
// In a checkout it runs the TypeScript source unbuilt; in the package, the compiled files.
// Everything is imported late and nothing here is newer than Node 12, so that an old Node gets as far as the line.
var version = process.versions.node.split('.').map(Number)
if (version[0] < 22 || (version[0] === 22 && version[1] < 18)) {
  console.error(
    'octoload needs Node.js 22.18 or newer, but this is ' +
      process.versions.node +
      '. Install a newer one from nodejs.org, or inside a checkout use `npm start`, which brings its own.',
  )
  process.exitCode = 1
} else {
  start()
}

async function start() {
  // Halves the time to start: a demo is four such processes. The threads of the workers go by the environment.
  const { enableCompileCache } = await import('node:module')
  const { directory } = enableCompileCache()
  if (directory !== undefined && process.env.NODE_COMPILE_CACHE === undefined) {
    process.env.NODE_COMPILE_CACHE = directory
  }
  const { existsSync } = await import('node:fs')
  const source = new URL('../src/cli/main.ts', import.meta.url)
  const entry = existsSync(source) ? source : new URL('../dist/cli/main.js', import.meta.url)
  const { main } = await import(entry.href)
  await main(process.argv.slice(2))
}
