// `node bench/micro/route.ts [seconds]`: what finding the route of a request costs, by the number and kind of routes.
import { compileRoutes, type Route, type Router } from '../../src/router/router.ts'
import { table } from '../report/table.ts'
import { cost, costCells } from './cost.ts'

interface Subject {
  readonly name: string
  readonly router: Router<number>
  /** Host and path of the requests, which take turns. */
  readonly requests: readonly (readonly [host: string, path: string])[]
}

function routes(count: number, match: (index: number) => Partial<Route<number>['match']>): Route<number>[] {
  return Array.from({ length: count }, (_, index) => ({
    match: { hosts: [], path_prefix: '/', methods: [], ...match(index) },
    value: index,
  }))
}

function subject(
  name: string,
  all: Route<number>[],
  host: (n: number) => string,
  path: (n: number) => string,
): Subject {
  const requests = Array.from({ length: 97 }, (_, number) => [host(number), path(number)] as const)
  return { name, router: compileRoutes(all), requests }
}

const anyHost = () => 'www.example.com'
const somePath = (n: number) => `/articles/${n}?page=2`

const SUBJECTS: readonly Subject[] = [
  subject(
    'one route for everything',
    routes(1, () => ({})),
    anyHost,
    somePath,
  ),
  ...[10, 100].map((count) =>
    subject(
      `${count} path prefixes`,
      routes(count, (index) => ({ path_prefix: `/service-${index}` })),
      anyHost,
      (n) => `/service-${n % count}/items/${n}`,
    ),
  ),
  ...[10, 1000].map((count) =>
    subject(
      `${count} hosts`,
      routes(count, (index) => ({ hosts: [`site-${index}.example.com`] })),
      (n) => `site-${n % count}.example.com`,
      somePath,
    ),
  ),
  subject(
    '100 wildcard hosts',
    routes(100, (index) => ({ hosts: [`*.site-${index}.example.com`] })),
    (n) => `a.b.site-${n}.example.com`,
    somePath,
  ),
  subject(
    '100 hosts with a port, no match',
    routes(100, (index) => ({ hosts: [`site-${index}.example.com`] })),
    () => 'elsewhere.example.com:8080',
    somePath,
  ),
]

const millis = 1000 * Number(process.argv[2] ?? 0.5)
const rows = [['routes', 'each', '']]
for (const { name, router, requests } of SUBJECTS) {
  let found = 0
  const each = cost((times) => {
    for (let time = 0; time < times; time++) {
      const [host, path] = requests[time % requests.length]!
      found += router('GET', host, path) ?? 1
    }
  }, millis)
  if (Number.isNaN(found)) throw new Error('no route')
  rows.push([name, ...costCells(each)])
}
console.log(table(rows))
