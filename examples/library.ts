// octoload inside a program: two small servers behind a balancer, a third that joins, one that leaves, one that dies.
//   node --conditions=octoload-source examples/library.ts    (in a checkout; an installed package needs no option)
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLoadBalancer, defineConfig } from 'octoload'

async function startServer(name: string): Promise<{ url: string; server: Server }> {
  const server = createServer((_request, response) => response.end(`hello from ${name}\n`))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

const [one, two, three] = [await startServer('one'), await startServer('two'), await startServer('three')]

// The same keys as in servers.json. Port 0 takes any free port.
const config = defineConfig({
  load_balancer: { port: 0, strategy: 'round_robin' },
  servers: { urls: [one.url, { url: two.url, weight: 1 }] },
  health_check: { interval: '2s' },
})
const balancer = createLoadBalancer(config)
balancer.on('server-down', ({ server, reason }) => {
  if (server === one.url) console.log(`one is down: ${reason}`)
})
await balancer.start()

const url = `http://127.0.0.1:${balancer.addresses[0]?.port}/`
const ask = async (): Promise<string> => (await fetch(url)).text()
for (let request = 0; request < 3; request++) process.stdout.write(await ask())

await balancer.addServer(three.url)
while ((await ask()) !== 'hello from three\n') {} // The worker threads hear of it a moment later.
console.log('three has joined')

await balancer.removeServer(two.url) // It gets nothing new, and finishes what it has.
one.server.close()
await once(balancer, 'server-down')
for (let request = 0; request < 2; request++) process.stdout.write(await ask())

const { totals, servers } = balancer.metrics()
const up = servers.filter((server) => server.health === 'up').length
console.log(`requests that failed: ${totals.failed}; servers that are up: ${up} of ${servers.length}`)

const { cut } = await balancer.stop()
console.log(`cut off at the end: ${cut}`)
for (const { server } of [two, three]) server.close()
