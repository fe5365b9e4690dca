// Strategies of people's own, from files: loaded, checked, run in the workers, and replaced when they break down.
import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadConfigFile } from '../../src/config/load.ts'
import { ConfigError } from '../../src/config/problem.ts'
import { createLoadBalancer } from '../../src/index.ts'
import { startBalancer } from '../support/balancer.ts'
import { get } from '../support/client.ts'
import { answers, ok, startOrigin } from '../support/origin.ts'

const EXAMPLE = fileURLToPath(new URL('../../examples/my-strategy.ts', import.meta.url))

/** A folder with these files. */
function folderWith(t: TestContext, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'octoload-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

function strategyText(pick: string, more = ''): string {
  return `export default { name: 'mine', title: 'mine', summary: 'Mine.', showsLoad: false, ${more}
    make: (servers, tools, options) => ({ pick: (exchange) => { ${pick} } }) }`
}

test('a strategy from a file chooses the servers, on every worker, with its options', async (t) => {
  const servers = await Promise.all(['a', 'b', 'c'].map((letter) => startOrigin(t, answers(ok(letter)))))
  const options = "options: { which: { kind: 'whole', min: 0, max: 9, default: 0, summary: 'Which.' } },"
  const folder = folderWith(t, { 'mine.mjs': strategyText('return options.which', options) })
  const file = join(folder, 'mine.mjs')
  for (const [strategy, letter] of [
    [file, 'a'],
    [{ name: file, which: 2 }, 'c'],
  ] as const) {
    const balancer = await startBalancer(t, { servers, strategy, workers: 2 })
    for (let request = 0; request < 4; request++) {
      assert.equal((await balancer.exchange(get('/', 'Connection: close'))).text, letter)
    }
    await balancer.logged(/\(mine\)/)
  }
})

test('one that breaks down is told in one line, and requests go on by least_active', async (t) => {
  const servers = await Promise.all(['a', 'b'].map((letter) => startOrigin(t, answers(ok(letter)))))
  const folder = folderWith(t, { 'mine.js': strategyText("throw new Error('out of ideas')") })
  const balancer = await startBalancer(t, { servers, strategy: join(folder, 'mine.js') })
  const letters: string[] = []
  for (let request = 0; request < 4; request++)
    letters.push((await balancer.exchange(get('/', 'Connection: close'))).text)
  assert.deepEqual(letters, ['a', 'b', 'a', 'b'])
  await balancer.logged(/ERROR .*The strategy mine of upstream main has failed: `pick` threw Error: out of ideas/)
  assert.equal(balancer.countLogged(/has failed/), 1)
})

test('a config file names it relative to itself; what is wrong with it is a problem with its place', async (t) => {
  const file = (strategy: unknown) => JSON.stringify({ load_balancer: { strategy }, servers: { urls: ['http://a:1'] } })
  const folder = folderWith(t, {
    'good.json': file({ name: './my-strategy.ts', near: 2 }),
    'missing.json': file('./nothing.ts'),
    'syntax.mjs': 'export default {',
    'syntax.json': file('./syntax.mjs'),
    'throws.mjs': "throw new Error('at the top')",
    'throws.json': file({ name: './throws.mjs' }),
    'other.mjs': 'export const answer = 42',
    'other.json': file('./other.mjs'),
    'shape.mjs': "export default { name: 'mine', title: 'mine', summary: 'Mine.', make: 5 }",
    'shape.json': file('./shape.mjs'),
    'several.mjs': "export const kind = 'none'; export default { name: 'mine', title: 5, summary: 'Mine.' }",
    'several.json': file('./several.mjs'),
    'helper.mjs': `export const place = { name: 'here' }; ${strategyText('return 0')}`,
    'helper.json': file('./helper.mjs'),
    'option.json': file({ name: './my-strategy.ts', near: 'two', nar: 1 }),
    'rules.mjs': strategyText('return 0', "options: { a: { kind: 'colour' } },"),
    'rules.json': file('./rules.mjs'),
  })
  copyFileSync(EXAMPLE, join(folder, 'my-strategy.ts'))
  const [upstream] = (await loadConfigFile(join(folder, 'good.json'))).upstreams
  assert.equal(upstream?.strategy.name, join(folder, 'my-strategy.ts'))
  assert.deepEqual(upstream?.strategy.values, { near: 2, busy: 10 })

  const problems = async (name: string): Promise<string[]> => {
    const error = await loadConfigFile(join(folder, name)).then(
      () => assert.fail(`${name} is valid`),
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof ConfigError)
    return error.problems.map(
      ({ path, line, column, message, hint }) => `${line}:${column} ${path}: ${message}; ${hint}`,
    )
  }
  const strategyAt = '1:30 load_balancer.strategy: '
  assert.deepEqual(await problems('missing.json'), [
    `${strategyAt}there is no file ${join(folder, 'nothing.ts')}; the path is relative to the config file`,
  ])
  assert.match((await problems('syntax.json'))[0]!, /syntax\.mjs cannot be loaded: SyntaxError: /)
  assert.deepEqual(await problems('throws.json'), [
    `1:38 load_balancer.strategy.name: ${join(folder, 'throws.mjs')} cannot be loaded: Error: at the top; `,
  ])
  assert.match(
    (await problems('other.json'))[0]!,
    /other\.mjs exports no strategy: no object with `name`, .* and `make`; $/,
  )
  assert.match((await problems('shape.json'))[0]!, /has no boolean `showsLoad` and no function `make`; $/)
  assert.match(
    (await problems('several.json'))[0]!,
    /several\.mjs has no string `title`, no boolean `showsLoad` and no function `make`; $/,
  )
  await loadConfigFile(join(folder, 'helper.json'))
  assert.match((await problems('rules.json'))[0]!, /has an option `a` whose kind is none of whole, number, /)
  assert.deepEqual(
    (await problems('option.json')).map((text) => text.replace(/^\S+ /, '')),
    [
      'load_balancer.strategy.near: expected a whole number from 1 to 1000, got the string "two"; ',
      'load_balancer.strategy.nar: unknown key; did you mean "near"?',
    ],
  )
})

test('the library finds out at the start', async () => {
  const balancer = createLoadBalancer({
    load_balancer: { port: 0, strategy: './no-such-strategy.mjs' },
    servers: { urls: [] },
    logging: { level: 'off' },
  })
  await assert.rejects(balancer.start(), (error: ConfigError) => {
    assert.equal(error.code, 'OCTOLOAD_CONFIG')
    assert.equal(error.problems[0]?.path, 'upstreams.main.strategy')
    return true
  })
  await balancer.stop()
})
