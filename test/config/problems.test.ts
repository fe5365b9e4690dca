// Runs the cases of problems.md: a config, and what is said about it, to the letter.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseConfig } from '../../src/config/load.ts'
import { formatProblems } from '../../src/config/problem.ts'

const FILE = new URL('problems.md', import.meta.url)
const ENV = { STRATEGY: 'magic', PORT: '80800', EMPTY: '' }
const CASE = /^### ([^\n]+)\n\n```jsonc\n(.*?)\n```\n\n```text\n(.*?)```\n/gms

const page = readFileSync(FILE, 'utf8')

function said(config: string): string {
  const result = parseConfig(config, { env: ENV })
  return result.ok ? '' : `${formatProblems('servers.json', result.problems)}\n`
}

if (process.argv.includes('--write')) {
  const rewritten = page.replace(CASE, (_, title: string, config: string) => {
    return `### ${title}\n\n\`\`\`jsonc\n${config}\n\`\`\`\n\n\`\`\`text\n${said(config)}\`\`\`\n`
  })
  writeFileSync(FILE, rewritten)
} else {
  const cases = [...page.matchAll(CASE)]
  test('every case of problems.md is run', () => {
    assert.equal(cases.length, page.match(/^### /gm)?.length)
    assert.ok(cases.length >= 40, `${cases.length} cases`)
  })
  for (const [, title, config, expected] of cases) {
    test(`says what is wrong: ${title}`, () => {
      assert.notEqual(expected, '')
      assert.equal(said(config!), expected)
    })
  }
}
