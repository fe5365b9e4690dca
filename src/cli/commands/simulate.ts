// `octoload simulate`: the laboratory. Sends strategies through scenarios under a virtual clock and compares them.
// What simulates is imported late: it brings the whole schema of the config, which `--help` can do without.
import { createReadStream } from 'node:fs'
import { open, readFile, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { ConfigError, type ConfigProblem, formatProblems } from '../../config/problem.ts'
import { isStrategyFile } from '../../config/strategy-file.ts'
import { builtInScenarios } from '../../lab/built-in-scenarios.ts'
import type { Comparison } from '../../lab/comparison.ts'
import type { OwnStrategies } from '../../lab/own-strategies.ts'
import type { Recording } from '../../lab/replay.ts'
import { scaleServers } from '../../lab/scale-servers.ts'
import { MOST_SERVERS, type Scenario, type StrategyChoice } from '../../lab/scenario.ts'
import { registry } from '../../registry.ts'
import { type Arguments, didYouMean } from '../arguments.ts'
import { CliError, wrongUse } from '../cli-error.ts'
import type { Command } from '../command.ts'

const SCENARIOS = Object.keys(builtInScenarios)
const STRATEGIES = Object.keys(registry.strategies)
const MOST_REQUESTS = 999_999_999

export const simulate: Command = {
  name: 'simulate',
  summary: 'compare strategies in a simulation',
  usage: ['[SCENARIO…] [OPTIONS]'],
  options: {
    strategy: { short: 's', value: 'NAMES', summary: 'names or files, with commas between (default all)' },
    servers: { value: 'N', summary: 'how many servers; groups keep their proportions' },
    balancers: { value: 'N', summary: 'how many balancers, each seeing its own requests' },
    load: { value: 'SHARE', summary: 'of what all servers together can bear: 70% or 0.7' },
    requests: { value: 'N', summary: 'how many requests, up to 999999999' },
    seed: { value: 'N', summary: 'the same seed gives the same run (default 1)' },
    scenario: { value: 'FILE', summary: 'a scenario of your own (docs/laboratory.md)' },
    replay: { value: 'LOG', summary: 'take the requests from an access log' },
    html: { value: 'FILE', summary: 'write a report with plots' },
    json: { summary: 'print all numbers as JSON' },
  },
  notes: ['A SCENARIO is one of', ...scenarioLines(), 'or all; it is equal when none is named.'],
  examples: [
    { command: 'octoload simulate one-slow', does: 'all strategies, and one slow server' },
    { command: 'octoload simulate all --html report.html', does: 'everything, with plots' },
    { command: 'octoload simulate -s round_robin --servers 1000', does: 'one strategy, many servers' },
  ],
  run: runSimulate,
}

function scenarioLines(): string[] {
  const width = Math.max(...SCENARIOS.map((name) => name.length))
  return SCENARIOS.map((name) => `  ${name.padEnd(width)}  ${builtInScenarios[name]!.summary}`)
}

async function runSimulate(args: Arguments): Promise<void> {
  const written = await ownScenario(args)
  const named = written === null ? namedScenarios(args.positionals) : [written.scenario]
  const strategies = chosenStrategies(args) ?? written?.strategies ?? []
  const recording = await replayed(args)
  const scenarios = named.map((scenario) => adjusted(scenario, recording, args))
  const comparisons: Comparison[] = []
  const { compare } = await import('../../lab/comparison.ts')
  const { reportTable } = await import('../../lab/report-table.ts')
  const choices = strategies.length === 0 ? STRATEGIES : strategies
  const own = await ownStrategies(choices)
  await checkReport(args)
  for (const scenario of scenarios) {
    const comparison = compare(scenario, choices, own)
    if (!args.flag('json')) process.stdout.write(`${comparisons.length === 0 ? '' : '\n'}${reportTable(comparison)}`)
    comparisons.push(comparison)
  }
  if (args.flag('json')) process.stdout.write(`${JSON.stringify(comparisons, null, 2)}\n`)
  await writeReport(args, comparisons)
}

async function ownStrategies(choices: readonly StrategyChoice[]): Promise<OwnStrategies> {
  const { loadOwnStrategies } = await import('../../lab/own-strategies.ts')
  try {
    return await loadOwnStrategies(choices)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new CliError(error.problems.map(({ message }) => `${message}.`).join('\n'))
  }
}

/** The simulation may take long: a report that cannot be written is told before it begins. */
async function checkReport(args: Arguments): Promise<void> {
  const file = args.text('html')
  // Appending leaves an earlier report as it is.
  if (file !== undefined) await open(file, 'a').then((opened) => opened.close(), unwritable)
}

async function writeReport(args: Arguments, comparisons: readonly Comparison[]): Promise<void> {
  const file = args.text('html')
  if (file === undefined) return
  const { reportHtml } = await import('../../lab/report-html.ts')
  await writeFile(file, reportHtml(comparisons)).catch(unwritable)
  if (!args.flag('json')) console.log(`\nThe report is in ${file}.`)
}

function unwritable({ message }: Error): never {
  throw new CliError(`the report cannot be written: ${message}.`)
}

function namedScenarios(words: readonly string[]): Scenario[] {
  if (words.length === 0) return [builtInScenarios.equal!]
  return words.flatMap((word) => {
    if (word === 'all') return Object.values(builtInScenarios)
    const scenario = Object.hasOwn(builtInScenarios, word) ? builtInScenarios[word] : undefined
    if (scenario !== undefined) return [scenario]
    const known = `Known are ${SCENARIOS.join(', ')} and all.`
    throw wrongUse(`there is no scenario "${word}".${didYouMean(word, SCENARIOS)} ${known}`)
  })
}

async function ownScenario(
  args: Arguments,
): Promise<{ scenario: Scenario; strategies: readonly StrategyChoice[] } | null> {
  const file = args.text('scenario')
  if (file === undefined) return null
  if (args.positionals.length > 0) throw wrongUse('give names of scenarios or --scenario FILE, not both.')
  const { readScenario } = await import('../../lab/read-scenario.ts')
  const result = readScenario(await textOf(file))
  if (!result.ok) throw invalid(file, result.problems)
  return result.own
}

function invalid(file: string, problems: readonly ConfigProblem[]): CliError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return new CliError(`${count} in ${file}\n${formatProblems(file, problems)}`)
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw unreadable(file, error as NodeJS.ErrnoException)
  }
}

function unreadable(file: string, { code, message }: NodeJS.ErrnoException): CliError {
  return new CliError(code === 'ENOENT' ? `there is no file ${file}.` : `cannot read ${file}: ${message}.`)
}

function chosenStrategies(args: Arguments): StrategyChoice[] | undefined {
  const text = args.text('strategy')
  return text?.split(',').map((word) => {
    const name = word.trim()
    if (STRATEGIES.includes(name) || isStrategyFile(name)) return name as StrategyChoice
    const guess = didYouMean(name, STRATEGIES)
    throw wrongUse(`there is no strategy "${name}".${guess} Known are ${STRATEGIES.join(', ')}.`)
  })
}

async function replayed(args: Arguments): Promise<Recording | null> {
  const file = args.text('replay')
  if (file === undefined) return null
  const { readAccessLine, recordingOf } = await import('../../lab/replay.ts')
  const requests = []
  try {
    for await (const line of createInterface({
      input: createReadStream(file, 'utf8'),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      const request = readAccessLine(line)
      if (request !== null) requests.push(request)
    }
  } catch (error) {
    throw unreadable(file, error as NodeJS.ErrnoException)
  }
  if (requests.length < 2) {
    throw new CliError(
      `${file} has no access lines. They are written with "logging": { "access": true }, or with --access-log.`,
    )
  }
  return recordingOf(requests)
}

function adjusted(scenario: Scenario, recording: Recording | null, args: Arguments): Scenario {
  const servers = args.wholeNumber('servers', 1, MOST_SERVERS)
  const load = args.parsed('load', 'a share such as 70% or 0.7', readLoad)
  const requests = args.wholeNumber('requests', 1, MOST_REQUESTS)
  const scaled = servers === undefined ? scenario : scaleServers(scenario, servers)
  return {
    ...scaled,
    recording,
    // A log has its own pace and its own end.
    load: load ?? (recording === null ? scaled.load : 0),
    requests: requests ?? recording?.times.length ?? scaled.requests,
    balancers: args.wholeNumber('balancers', 1, 10_000) ?? scaled.balancers,
    seed: args.wholeNumber('seed', 0, 999_999_999) ?? scaled.seed,
  }
}

/** Above 0, at most 10. */
function readLoad(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text)
  if (match === null) return undefined
  const share = match[2] === '%' ? Number(match[1]) / 100 : Number(match[1])
  return share > 0 && share <= 10 ? share : undefined
}
