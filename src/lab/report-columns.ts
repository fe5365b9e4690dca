// The columns of a comparison, for the terminal and for the page.
import type { ScenarioFacts } from './comparison.ts'
import { count, factor, millis, share } from './numbers.ts'
import type { Result } from './result.ts'

export interface Column {
  readonly heading: string
  readonly cell: (result: Result) => string
  /** To compare strategies by: less is better. */
  readonly value?: (result: Result) => number
}

const failed = ({ failed, exchanges }: Result): number => failed / Math.max(1, exchanges)
const retried = ({ retries, exchanges }: Result): number => retries / Math.max(1, exchanges)

export const COLUMNS: readonly Column[] = [
  { heading: 'strategy', cell: ({ strategy }) => strategy },
  { heading: 'p50', cell: ({ p50 }) => millis(p50), value: ({ p50 }) => p50 },
  { heading: 'p99', cell: ({ p99 }) => millis(p99), value: ({ p99 }) => p99 },
  { heading: 'p99.9', cell: ({ p999 }) => millis(p999), value: ({ p999 }) => p999 },
  { heading: 'mean', cell: ({ mean }) => millis(mean), value: ({ mean }) => mean },
  { heading: 'failures', cell: (result) => share(failed(result)), value: failed },
  { heading: 'retries', cell: (result) => share(retried(result)) },
  { heading: 'imbalance', cell: ({ imbalance }) => factor(imbalance), value: ({ imbalance }) => imbalance },
  { heading: 'peak', cell: ({ peak }) => count(peak), value: ({ peak }) => peak },
  {
    heading: 'moved keys',
    cell: ({ moved }) => (moved === null ? '-' : share(moved)),
    value: ({ moved }) => moved ?? 0,
  },
]

/** `10 servers, 200,000 requests at 1,400 per second, 70.0 % load, seed 1`. */
export function factLine({ servers, balancers, requests, rate, load, seed }: ScenarioFacts): string {
  return [
    `${count(servers)} ${servers === 1 ? 'server' : 'servers'}`,
    ...(balancers === 1 ? [] : [`${count(balancers)} balancers`]),
    `${count(requests)} requests at ${count(rate)} per second`,
    `${share(load)} load`,
    `seed ${seed}`,
  ].join(', ')
}
