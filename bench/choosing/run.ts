// `npm run bench:choosing -- [--seconds 10] [--scenario equal,one-slow] [--strategy least_active,peak_ewma]`: how well
// balancers choose, on real sockets: response times and failures before servers that are slow or sick.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seededRandom } from '../../src/base/random.ts'
import { explain } from '../explain.ts'
import { Child } from '../machine/child.ts'
import { freePort } from '../machine/free-port.ts'
import { describePinning, pinThisProcess } from '../machine/pinning.ts'
import { tempFolder } from '../machine/temp-folder.ts'
import { table } from '../report/table.ts'
import { type ChoosingBalancer, haproxyLeastConn, nginxLeastConn, octoloadWith } from './balancers.ts'
import { type LoadResult, openLoad } from './open-load.ts'
import { rate, SCENARIOS, type Scenario } from './scenario.ts'

const WARM_UP = 2000
const STRATEGIES = 'round_robin,least_active,two_choices,least_time,peak_ewma,prequal'

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '10' },
      scenario: { type: 'string', default: SCENARIOS.map(({ name }) => name).join(',') },
      strategy: { type: 'string', default: STRATEGIES },
    },
  })
  const wanted = values.scenario.split(',')
  pinThisProcess()
  console.log(`${describePinning()}; ${values.seconds} s each, open load (Poisson)`)
  const balancers = [nginxLeastConn, haproxyLeastConn, ...values.strategy.split(',').map(octoloadWith)]
  for (const scenario of SCENARIOS.filter(({ name }) => wanted.includes(name))) {
    const rows = [['balancer', 'requests', 'p50 ms', 'p99 ms', 'p99.9 ms', 'failures']]
    for (const balancer of balancers) {
      if (balancer.installed) rows.push(row(balancer, await measure(scenario, balancer, 1000 * Number(values.seconds))))
    }
    console.log(`\n${scenario.name}: ${scenario.about}, ${rate(scenario).toFixed(0)} requests/s\n${table(rows)}`)
  }
}

async function measure(scenario: Scenario, balancer: ChoosingBalancer, millis: number): Promise<LoadResult> {
  const servers = fork(join(import.meta.dirname, 'servers-process.ts'), { stdio: 'inherit' })
  servers.send(scenario.servers)
  const [ports] = (await once(servers, 'message')) as [number[]]
  const port = await freePort()
  const folder = tempFolder('octoload-choosing')
  const proxy = new Child(balancer.command({ port, servers: ports, folder }), 'proxy', folder)
  try {
    await accepts(port, proxy)
    const load = openLoad(port, rate(scenario), WARM_UP, millis, seededRandom(1))
    setTimeout(() => servers.send('begin'), WARM_UP)
    return await load
  } finally {
    await proxy.stop()
    servers.disconnect()
  }
}

async function accepts(port: number, proxy: Child): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (proxy.hasExited) throw new Error(`${proxy.lastWords()}`)
    const status = await fetch(`http://127.0.0.1:${port}/health`).then(
      (response) => response.status,
      () => 0,
    )
    if (status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the balancer does not answer: ${proxy.lastWords()}`)
}

function row({ name }: ChoosingBalancer, { requests, failures, times }: LoadResult): string[] {
  const at = (share: number) => (times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0).toFixed(0)
  return [name, String(requests), at(0.5), at(0.99), at(0.999), `${((100 * failures) / requests).toFixed(2)} %`]
}

main().then(() => process.exit(0), explain)
