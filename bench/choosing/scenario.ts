// What happens to the servers in each scenario. Every server works on a few requests at a time and lets the others wait,
// as real ones do; service times are exponential. Times in milliseconds, from the start of the measurement.

export interface ServerBehaviour {
  /** Requests that it works on at a time. */
  readonly slots: number
  /** Mean service time. */
  readonly mean: number
  /** Answers 500 at once in place of working. */
  readonly fails?: boolean
  /** Works so many times slower in this span. */
  readonly slower?: { readonly times: number; readonly from: number; readonly to: number }
}

export interface Scenario {
  readonly name: string
  readonly about: string
  readonly servers: readonly ServerBehaviour[]
  /** Share of what all servers that work can do together, 0 to 1. */
  readonly load: number
}

const USUAL: ServerBehaviour = { slots: 4, mean: 20 }

function usual(count: number): ServerBehaviour[] {
  return new Array<ServerBehaviour>(count).fill(USUAL)
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'equal', about: '10 equal servers', servers: usual(10), load: 0.7 },
  {
    name: 'one-slow',
    about: 'one of 10 is ten times slower',
    servers: [{ ...USUAL, mean: 200 }, ...usual(9)],
    load: 0.7,
  },
  {
    name: 'one-failing',
    about: 'one of 10 answers 500 at once, and its health check succeeds',
    servers: [{ ...USUAL, fails: true }, ...usual(9)],
    load: 0.7,
  },
  {
    name: 'capacities',
    about: 'capacities 1 : 2 : 4, weights all the same',
    servers: [1, 2, 4, 1, 2, 4, 1, 2, 4].map((factor) => ({ slots: 2 * factor, mean: 20 })),
    load: 0.7,
  },
  {
    name: 'brown-out',
    about: 'one of 10 is ten times slower for 5 s',
    servers: [{ ...USUAL, slower: { times: 10, from: 3000, to: 8000 } }, ...usual(9)],
    load: 0.7,
  },
]

/** Requests a second that the scenario's load means. */
export function rate({ servers, load }: Scenario): number {
  return load * servers.reduce((sum, { slots, mean, fails }) => sum + (fails === true ? 0 : (1000 * slots) / mean), 0)
}
