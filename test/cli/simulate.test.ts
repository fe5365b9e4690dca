import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { registry } from '../../src/registry.ts'
import { emptyFolder, octoload } from './octoload-process.ts'

const FEW = ['--requests', '2000']

test('without a name the scenario is that of equal servers, and all strategies are compared', async () => {
  const { end, stdout, stderr } = await octoload(['simulate', ...FEW])
  assert.deepEqual([end, stderr], [0, ''])
  const lines = stdout.trimEnd().split('\n')
  assert.equal(lines[0], 'equal: Equal servers.')
  assert.equal(lines[1], '10 servers, 2,000 requests at 1,400 per second, 70.0 % load, seed 1')
  assert.deepEqual(
    lines.slice(4).map((line) => line.split(' ')[0]),
    Object.keys(registry.strategies),
  )
})

test('options change the scenario, and --json prints numbers', async () => {
  const words = [
    'one-slow',
    'down',
    '-s',
    'random,round_robin',
    '--servers',
    '20',
    '--balancers',
    '2',
    '--load',
    '35%',
    '--seed',
    '4',
  ]
  const { end, stdout } = await octoload(['simulate', ...words, ...FEW, '--json'])
  assert.equal(end, 0)
  const comparisons = JSON.parse(stdout)
  assert.deepEqual(
    comparisons.map(({ scenario }: { scenario: { name: string } }) => scenario.name),
    ['one-slow', 'down'],
  )
  const [{ scenario, results }] = comparisons
  assert.deepEqual([scenario.servers, scenario.balancers, scenario.requests, scenario.seed], [20, 2, 2000, 4])
  assert.ok(Math.abs(scenario.load - 0.35) < 1e-9)
  assert.deepEqual(
    results.map(({ strategy }: { strategy: string }) => strategy),
    ['random', 'round_robin'],
  )
  for (const { p99, servers } of results) {
    assert.ok(p99 > 0)
    assert.equal(servers.length, 20)
  }
})

test('a scenario of your own, with a report', async (t) => {
  const cwd = emptyFolder(t)
  writeFileSync(
    join(cwd, 'own.json'),
    '{ "name": "mine", "servers": 3, "strategies": ["random", { "name": "two_choices" }] }',
  )
  const { end, stdout } = await octoload(['simulate', '--scenario', 'own.json', ...FEW, '--html', 'report.html'], {
    cwd,
  })
  assert.equal(end, 0)
  assert.match(stdout, /^mine\n3 servers, /)
  assert.match(stdout, /^random .*\ntwo_choices .*\n\nThe report is in report\.html\.\n$/m)
  assert.match(readFileSync(join(cwd, 'report.html'), 'utf8'), /^<!doctype html>/)
})

test('the requests of an access log are replayed', async (t) => {
  const cwd = emptyFolder(t)
  const line = (index: number): string =>
    `load-balancer: 2025/09/30 18:53:${10 + Math.floor(index / 10)} 10.0.0.${index % 3} "GET / HTTP/1.1" 200 12B 5.3ms http://localhost:8001\n`
  writeFileSync(join(cwd, 'access.log'), Array.from({ length: 300 }, (_, index) => line(index)).join(''))
  const { end, stdout } = await octoload(
    ['simulate', '--replay', 'access.log', '--servers', '2', '-s', 'least_active'],
    { cwd },
  )
  assert.equal(end, 0)
  assert.match(stdout, /\n2 servers, 300 requests at 10 per second, /)
  assert.match(stdout, /least_active +5\.\d+ ms/)
})

const OWN_STRATEGY = `export const mine = {
  name: 'mine', title: 'mine', summary: 'The first.', showsLoad: false,
  make: (servers) => ({
    pick(exchange) {
      for (let at = 0; at < servers.count; at++) if (!exchange.excludes(at)) return at
      return -1
    },
  }),
}`

test('a strategy of your own is compared with the others, and one that breaks down is told', async (t) => {
  const cwd = emptyFolder(t)
  writeFileSync(join(cwd, 'mine.mjs'), OWN_STRATEGY)
  writeFileSync(join(cwd, 'broken.mjs'), OWN_STRATEGY.replace('return at', "throw new Error('no idea')"))
  const words = ['-s', './mine.mjs,first_available,./broken.mjs,least_active', '--load', '5%']
  const { end, stdout, stderr } = await octoload(['simulate', ...words, ...FEW], { cwd })
  assert.deepEqual([end, stderr], [0, ''])
  const [mine, first, broken, active] = stdout.split('\n').slice(4)
  assert.equal(mine?.replace('./mine.mjs', '').trim(), first?.replace('first_available', '').trim())
  assert.equal(broken?.replace('./broken.mjs', '').trim(), active?.replace('least_active', '').trim())
  assert.match(stdout, /\nNote: \.\/broken\.mjs broke down: .*no idea/)
})

test('mistakes are told in one line, exit code 2, or 1 where a file is to blame', async (t) => {
  const cwd = emptyFolder(t)
  writeFileSync(join(cwd, 'wrong.json'), '{ "loads": 1 }')
  writeFileSync(join(cwd, 'empty.log'), 'nothing\n')
  writeFileSync(join(cwd, 'half.mjs'), "export const half = { name: 'half', summary: 'Half.', showsLoad: false }")
  const cases: [words: string[], end: number, message: RegExp][] = [
    [['eqal'], 2, /^octoload: there is no scenario "eqal"\. Did you mean equal\? Known are /],
    [['-s', 'rnadom'], 2, /^octoload: there is no strategy "rnadom"\. Did you mean random\? Known are /],
    [['-s', './none.ts'], 1, /^octoload: there is no file .*none\.ts\.$/m],
    [['--load', '0'], 2, /^octoload: --load takes a share such as 70% or 0\.7, not "0"/],
    [['--servers', '0'], 2, /^octoload: --servers takes a whole number from 1 to 100000, not "0"/],
    [['equal', '--scenario', 'wrong.json'], 2, /^octoload: give names of scenarios or --scenario FILE, not both/],
    [['--scenario', 'none.json'], 1, /^octoload: there is no file none\.json\.$/m],
    [
      ['--scenario', 'wrong.json'],
      1,
      /^octoload: 1 problem in wrong\.json\nwrong\.json:1:3 {2}loads: unknown key\n {4}did you mean "load"\?$/m,
    ],
    [['--replay', 'none.log'], 1, /^octoload: there is no file none\.log\.$/m],
    [['--replay', 'empty.log'], 1, /^octoload: empty\.log has no access lines\./],
    [
      ['-s', './half.mjs'],
      1,
      /^octoload: the strategy in .*half\.mjs has no string `title` and no function `make`\.$/m,
    ],
    [['-s', 'random', ...FEW, '--html', 'none/report.html'], 1, /^octoload: the report cannot be written: ENOENT/],
    [['-s', 'random', ...FEW, '--html', '.'], 1, /^octoload: the report cannot be written: EISDIR/],
  ]
  for (const [words, end, message] of cases) {
    const finished = await octoload(['simulate', ...words], { cwd })
    assert.equal(finished.end, end, words.join(' '))
    assert.match(finished.stderr, message)
    assert.equal(finished.stdout, '', 'told before anything is simulated')
  }
})
