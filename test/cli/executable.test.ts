import assert from 'node:assert/strict'
import { test } from 'node:test'
import { octoload } from './octoload-process.ts'

function pretendNode(version: string): string[] {
  const fake = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
  return ['--import', `data:text/javascript,${encodeURIComponent(fake)}`]
}

test('an old Node gets one clear line and exit code 1', async () => {
  for (const version of ['12.22.1', '20.20.2', '22.17.9']) {
    const { end, stdout, stderr } = await octoload(['--version'], { nodeOptions: pretendNode(version) })
    assert.equal(end, 1)
    assert.equal(stdout, '')
    assert.equal(
      stderr,
      `octoload needs Node.js 22.18 or newer, but this is ${version}. ` +
        'Install a newer one from nodejs.org, or inside a checkout use `npm start`, which brings its own.\n',
    )
  }
})

test('a Node that is new enough is accepted', async () => {
  for (const version of ['22.18.0', '24.0.0', '26.10.0']) {
    const { end, stdout } = await octoload(['--version'], { nodeOptions: pretendNode(version) })
    assert.equal(end, 0)
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
  }
})
