// The links between the pages of the documentation.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]
const LINK = /\]\(([^)\s]+)\)/g

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

for (const page of PAGES) {
  test(`the links of ${page} lead somewhere`, () => {
    for (const [, link = ''] of read(page).matchAll(LINK)) {
      if (/^[a-z]+:/.test(link)) continue
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      assert.ok(existsSync(join(ROOT, target)), `${link}: there is no ${target}`)
      if (anchor !== undefined) assert.ok(anchors(read(target)).has(anchor), `${link}: no such heading in ${target}`)
    }
  })
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

test('docs/README.md lists every page', () => {
  const listed = [...read('docs/README.md').matchAll(LINK)].map(([, link = '']) => join('docs', link))
  const pages = PAGES.filter((page) => page.startsWith('docs') && page !== join('docs', 'README.md'))
  assert.deepEqual(
    pages.filter((page) => !listed.includes(page)),
    [],
  )
})
