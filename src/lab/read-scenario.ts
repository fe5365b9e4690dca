// A scenario that somebody wrote: JSON with comments, as docs/laboratory.md describes it. What it leaves out is as in the
// built-in scenario that it is `like`. All problems are told at once, each with its place.
import { suggest } from '../config/closest.ts'
import { ConfigError, type ConfigProblem, describeValue, type Finding, type Path, quote } from '../config/problem.ts'
import { readSource } from '../config/source.ts'
import { BASE_FAULT, BASE_SCENARIO, BASE_SERVER, builtInScenarios } from './built-in-scenarios.ts'
import { DISTRIBUTIONS, type Distribution } from './distributions.ts'
import {
  FAULT_KINDS,
  type Fault,
  MOST_SERVERS,
  type Scenario,
  type ServerGroup,
  type StrategyChoice,
  serverCount,
  type UpstreamKeys,
} from './scenario.ts'
import { Fields } from './scenario-fields.ts'
import { upstreamConfig } from './upstreams.ts'
import { ARRIVALS, type Arrivals } from './workload.ts'

export interface OwnScenario {
  readonly scenario: Scenario
  /** What it says about strategies; empty when it says nothing. */
  readonly strategies: readonly StrategyChoice[]
}

export type ScenarioResult = { ok: true; own: OwnScenario } | { ok: false; problems: ConfigProblem[] }

export function readScenario(text: string): ScenarioResult {
  const source = readSource(text)
  if (!source.isUsable) return { ok: false, problems: source.problems }
  const findings: Finding[] = []
  const own = ownScenario(new Fields(source.value, [], findings), findings)
  const problems = [...source.problems, ...findings.map(source.place)]
  if (problems.length === 0) return { ok: true, own }
  return { ok: false, problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) }
}

function ownScenario(fields: Fields, findings: Finding[]): OwnScenario {
  const base = baseOf(fields)
  const nested = (key: string, value: unknown): Fields => new Fields(value, fields.pathOf(key), findings)
  const servers = serversOf(fields, base, findings)
  const scenario: Scenario = {
    name: fields.text('name', base.name),
    summary: fields.text('summary', fields.has('name') ? '' : base.summary),
    servers,
    service: fields.has('service') ? serviceOf(nested('service', fields.raw('service'))) : base.service,
    arrivals: fields.has('arrivals') ? arrivalsOf(nested('arrivals', fields.raw('arrivals'))) : base.arrivals,
    load: fields.number('load', 0.001, 10, base.load),
    recording: null,
    balancers: fields.whole('balancers', 1, 10_000, base.balancers),
    subset: fields.whole('subset', 0, MOST_SERVERS, base.subset),
    network: fields.duration('network', base.network),
    keys: fields.has('keys') ? keysOf(nested('keys', fields.raw('keys'))) : base.keys,
    faults: faultsOf(fields, base, serverCount({ servers }), findings),
    requests: fields.whole('requests', 1, 1_000_000_000, base.requests),
    warmUp: Math.min(0.99, fields.share('warm_up', base.warmUp)),
    seed: fields.whole('seed', 0, 999_999_999, base.seed),
    upstream: fields.has('upstream')
      ? upstreamOf(fields.raw('upstream'), fields.pathOf('upstream'), findings)
      : base.upstream,
  }
  const strategies = fields.list<StrategyChoice>('strategies', [], (value) => value as StrategyChoice)
  fields.end()
  checkUpstream(scenario, strategies, findings)
  return { scenario, strategies }
}

/** The product's schema looks at the keys later; those of a scenario stand elsewhere. */
function upstreamOf(value: unknown, path: Path, findings: Finding[]): UpstreamKeys {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    findings.push({ path, at: 'value', message: `expected an object, got ${describeValue(value)}`, hint: '' })
    return {}
  }
  const { strategy, servers, ...keys } = value as Record<string, unknown>
  for (const [key, elsewhere] of Object.entries({ strategy, servers })) {
    if (elsewhere === undefined) continue
    const hint = `write ${key === 'servers' ? '"servers"' : '"strategies"'} beside "upstream"`
    findings.push({ path: [...path, key], at: 'key', message: 'unknown key', hint })
  }
  return keys as UpstreamKeys
}

function baseOf(fields: Fields): Scenario {
  const name = fields.text('like', '')
  if (name === '') return BASE_SCENARIO
  const base = builtInScenarios[name]
  if (base !== undefined) return base
  const hint = suggest(name, Object.keys(builtInScenarios))
  fields.wrong(fields.pathOf('like'), `there is no scenario ${quote(name)}`, hint)
  return BASE_SCENARIO
}

function serversOf(fields: Fields, base: Scenario, findings: Finding[]): readonly ServerGroup[] {
  if (typeof fields.raw('servers') === 'number') {
    return [{ ...BASE_SERVER, count: fields.whole('servers', 1, MOST_SERVERS, 1) }]
  }
  const groups = fields.list('servers', base.servers, (value, path) => groupOf(new Fields(value, path, findings)))
  const count = serverCount({ servers: groups })
  if (count === 0 || count > MOST_SERVERS) {
    fields.wrong(fields.pathOf('servers'), `expected 1 to ${MOST_SERVERS} servers, got ${count}`)
  }
  return count === 0 ? base.servers : groups
}

function groupOf(fields: Fields): ServerGroup {
  const group: ServerGroup = {
    count: fields.whole('count', 1, MOST_SERVERS, 1),
    slots: fields.whole('slots', 1, 100_000, BASE_SERVER.slots),
    speed: fields.number('speed', 0.0001, 10_000, 1),
    heedsCancel: fields.flag('heeds_cancel', false),
    weight: fields.whole('weight', 1, 1000, 1),
    maxActive: fields.whole('max_active', 0, 1_000_000, 0),
    priority: fields.whole('priority', 0, 9, 0),
    backup: fields.flag('backup', false),
    zone: fields.text('zone', ''),
  }
  fields.end()
  return group
}

function serviceOf(fields: Fields): Distribution {
  const kind = fields.word('distribution', DISTRIBUTIONS, 'exponential')
  const mean = Math.max(0.001, fields.duration('mean', 10))
  const distribution = ((): Distribution => {
    switch (kind) {
      case 'lognormal':
        return { kind, mean, sigma: fields.number('sigma', 0, 5, 1) }
      case 'pareto':
        return { kind, mean, alpha: fields.number('alpha', 1.01, 100, 2) }
      case 'bimodal':
        return { kind, mean, share: fields.share('share', 0.1), factor: fields.number('factor', 1, 100_000, 10) }
      default:
        return { kind, mean }
    }
  })()
  fields.end()
  return distribution
}

function arrivalsOf(fields: Fields): Arrivals {
  const kind = fields.word('kind', ARRIVALS, 'poisson')
  const arrivals: Arrivals =
    kind === 'bursts'
      ? {
          kind,
          factor: fields.number('factor', 1, 10_000, 5),
          length: fields.duration('length', 1000),
          share: Math.min(0.99, Math.max(0.001, fields.share('share', 0.1))),
        }
      : { kind }
  fields.end()
  return arrivals
}

function keysOf(fields: Fields): Scenario['keys'] {
  const keys = { count: fields.whole('count', 1, 10_000_000, 10_000), skew: fields.number('skew', 0, 5, 1) }
  fields.end()
  return keys
}

function faultsOf(fields: Fields, base: Scenario, servers: number, findings: Finding[]): readonly Fault[] {
  return fields.list('faults', base.faults, (value, path) => faultOf(new Fields(value, path, findings), servers))
}

function faultOf(fields: Fields, servers: number): Fault {
  const known = (value: unknown, path: Path): number => {
    if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= servers) return value as number
    fields.wrong(path, `expected the number of a server, from 1 to ${servers}`)
    return 1
  }
  const fault: Fault = {
    kind: fields.word('kind', FAULT_KINDS, 'slow'),
    servers: fields.list('servers', [1], known),
    at: fields.has('at') ? fields.duration('at', 0) : null,
    length: fields.duration('for', 0),
    factor: fields.number('factor', 0.001, 100_000, BASE_FAULT.factor),
    share: fields.share('share', 1),
    failsChecks: fields.flag('fails_checks', false),
  }
  fields.end()
  return fault
}

/** What the product's own schema says about the keys of the upstream and the strategies. */
function checkUpstream(scenario: Scenario, strategies: readonly StrategyChoice[], findings: Finding[]): void {
  const seen = new Set<string>()
  for (const [index, strategy] of [...strategies, undefined].entries()) {
    try {
      upstreamConfig(scenario.upstream, strategy)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const { path, message, hint } of error.problems) {
        const place = placeOf(path, index)
        if (seen.has(`${place} ${message}`)) continue
        seen.add(`${place} ${message}`)
        findings.push({ path: place, at: message === 'unknown key' ? 'key' : 'value', message, hint })
      }
    }
  }
}

/** From a path in the config to the one in the scenario. */
function placeOf(path: string, strategy: number): Path {
  const parts = path.split(/[.[\]]+/).filter((part) => part !== '')
  const inner = parts.slice(2).map((part) => (/^\d+$/.test(part) ? Number(part) : part))
  return inner[0] === 'strategy' ? ['strategies', strategy, ...inner.slice(1)] : ['upstream', ...inner]
}
