// octoload inside a program: two small servers, a balancer in front of them, a third server while it runs.
//   node --conditions=octoload-source examples/library.ts    (in a checkout; an installed package needs no option)
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLoadBalancer } from 'octoload'

async function startServer(name: string): Promise<string> {
  const server = createServer((_request, response) => response.end(`hello from ${name}\n`))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const balancer = createLoadBalancer({
  load_balancer: { port: 0, strategy: 'round_robin' },
  servers: { urls: [await startServer('one'), await startServer('two')] },
})
balancer.on('server-down', ({ server, reason }) => console.log(`${server} is down: ${reason}`))
await balancer.start()

const [listener] = balancer.addresses
const url = `http://127.0.0.1:${listener?.port}`
for (let request = 0; request < 2; request++) process.stdout.write(await (await fetch(url)).text())

await balancer.addServer(await startServer('three'))
const answers = new Set<string>()
while (answers.size < 3) answers.add(await (await fetch(url)).text())
console.log(`${answers.size} servers take turns now`)

console.log(`requests that failed: ${balancer.metrics().totals.failed}`)
await balancer.stop()
