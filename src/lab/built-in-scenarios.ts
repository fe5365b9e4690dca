// The scenarios that come with octoload, by name. Each is one thing that happens to an upstream.
import type { Fault, Scenario, ServerGroup } from './scenario.ts'

const SERVER: ServerGroup = {
  count: 10,
  slots: 2,
  speed: 1,
  heedsCancel: false,
  weight: 1,
  maxActive: 0,
  priority: 0,
  backup: false,
  zone: '',
}
const FAULT: Fault = {
  kind: 'slow',
  servers: [1],
  at: null,
  length: 0,
  factor: 10,
  share: 1,
  failsChecks: false,
}

/** What a scenario has where it says nothing else. */
export const BASE_SCENARIO: Scenario = {
  name: 'own',
  summary: '',
  servers: [SERVER],
  service: { kind: 'lognormal', mean: 10, sigma: 0.5 },
  arrivals: { kind: 'poisson' },
  load: 0.7,
  recording: null,
  balancers: 1,
  subset: 0,
  network: 0.2,
  keys: { count: 10_000, skew: 0.5 },
  faults: [],
  requests: 200_000,
  warmUp: 0.1,
  seed: 1,
  upstream: {},
}

export const BASE_SERVER = SERVER
export const BASE_FAULT = FAULT

const all: readonly Scenario[] = [
  {
    ...BASE_SCENARIO,
    name: 'equal',
    summary: 'Equal servers.',
  },
  {
    ...BASE_SCENARIO,
    name: 'one-slow',
    summary: 'One server in ten is ten times slower than the others.',
    servers: [
      { ...SERVER, count: 1, speed: 0.1 },
      { ...SERVER, count: 9 },
    ],
  },
  {
    ...BASE_SCENARIO,
    name: 'one-failing',
    summary: 'One server in ten fails at once, unseen by its checks.',
    faults: [{ ...FAULT, kind: 'errors' }],
  },
  {
    ...BASE_SCENARIO,
    name: 'capacities',
    summary: 'Capacities 1 : 2 : 4, and weights that say so.',
    servers: [1, 2, 4].map((size) => ({ ...SERVER, count: 3, slots: size, weight: size })),
  },
  {
    ...BASE_SCENARIO,
    name: 'unknown-capacities',
    summary: 'Capacities 1 : 2 : 4, and no weights.',
    servers: [1, 2, 4].map((size) => ({ ...SERVER, count: 3, slots: size })),
  },
  {
    ...BASE_SCENARIO,
    name: 'brown-out',
    summary: 'One server in ten is ten times slower for 5 seconds.',
    faults: [{ ...FAULT, at: 20_000, length: 5_000 }],
  },
  {
    ...BASE_SCENARIO,
    name: 'down',
    summary: 'One server in ten is down for 10 seconds.',
    faults: [{ ...FAULT, kind: 'down', at: 20_000, length: 10_000 }],
  },
  {
    ...BASE_SCENARIO,
    name: 'bursts',
    summary: 'Equal servers, and bursts of more than they can bear.',
    load: 0.5,
    arrivals: { kind: 'bursts', factor: 2.6, length: 500, share: 0.1 },
  },
  {
    ...BASE_SCENARIO,
    name: 'many-balancers',
    summary: 'A hundred servers behind twenty balancers.',
    servers: [{ ...SERVER, count: 100 }],
    balancers: 20,
    keys: { count: 100_000, skew: 0.5 },
    requests: 500_000,
  },
]

export const builtInScenarios: Readonly<Record<string, Scenario>> = Object.fromEntries(
  all.map((scenario) => [scenario.name, scenario]),
)
