// `npm run bench:connections`: what an idle keep-alive connection costs. Opens many, each after one request, and prints
// by how much the memory of the proxy grew for each of them.
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { small } from './cases/small.ts'
import { explain } from './explain.ts'
import { loadGenerator } from './load/index.ts'
import { Child } from './machine/child.ts'
import { describePinning, pinThisProcess } from './machine/pinning.ts'
import { openFilesLimit, residentMemory } from './machine/resources.ts'
import { tempFolder } from './machine/temp-folder.ts'
import { measure } from './measure.ts'
import { choose } from './options.ts'
import { type Origin, startOrigin } from './origin/origin.ts'
import { OTHERS } from './peers/index.ts'
import { octoload } from './peers/octoload.ts'
import type { Peer } from './peers/peer.ts'
import { table } from './report/table.ts'
import { count, mebibytes } from './report/units.ts'
import { startPeer } from './running-peer.ts'
import { waitUntil } from './wait-until.ts'

const USAGE = `npm run bench:connections -- [--count 10000] [--only nginx,octoload]`

/** Connections from one address: the kernel has some 28,000 local ports for each, and others use them, too. */
const PER_ADDRESS = 10_000
/** Files that a program needs besides its clients: libraries, logs, connections to servers. */
const OTHER_FILES = 500
const SETTLE = 2000

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { count: { type: 'string', default: '10000' }, only: { type: 'string', default: 'nginx,octoload' } },
  })
  const wanted = Number(values.count)
  const most = openFilesLimit() - OTHER_FILES
  if (!Number.isInteger(wanted) || wanted < 1) throw new Error(USAGE)
  if (wanted > most) throw new Error(`a process may have ${most} connections here; raise the limit with ulimit -Hn`)
  const peers = choose('proxy', values.only, [...OTHERS, octoload()]).filter((peer) => peer.version() !== null)

  pinThisProcess()
  console.log(describePinning())
  const origin = await startOrigin(null)
  const rows = [['proxy', 'connections', 'memory before', 'memory after', 'bytes per connection']]
  for (const peer of peers) {
    try {
      rows.push(await growth(peer, origin, wanted))
    } catch (error) {
      console.error(`!!! ${peer.name} was NOT MEASURED: ${error instanceof Error ? error.message : String(error)}`)
      process.exitCode = 1
    }
  }
  await origin.stop()
  console.log(
    `${table(rows)}\n  nginx reserves about 400 bytes for each possible connection when it starts; they are in "before".`,
  )
}

async function growth(peer: Peer, origin: Origin, wanted: number): Promise<string[]> {
  const running = await startPeer(peer, origin, { logging: false, clients: wanted + OTHER_FILES })
  const clients: Child[] = []
  try {
    // What the first requests of all cost (compiled code, pools, a grown heap) is not the connections' doing.
    await measure(running, small, loadGenerator(null), 1)
    await delay(SETTLE)
    const before = residentMemory(running.pids)
    clients.push(...openConnections(running.port, wanted))
    for (const client of clients) await waitUntil('the client', client, () => client.output().includes('OPEN'), 120_000)
    await delay(SETTLE)
    const after = residentMemory(running.pids)
    if (clients.some((client) => client.output().includes('LOST'))) throw new Error('it closed idle connections')
    const perConnection = before === null || after === null ? '–' : count((after - before) / wanted)
    return [peer.name, count(wanted), mebibytes(before), mebibytes(after), perConnection]
  } finally {
    await Promise.all([running, ...clients].map((program) => program.stop()))
  }
}

function openConnections(port: number, wanted: number): Child[] {
  const script = `${import.meta.dirname}/connections-client.ts`
  const clients: Child[] = []
  for (let opened = 0; opened < wanted; opened += PER_ADDRESS) {
    const localAddress = `127.0.0.${clients.length + 1}`
    const argv = [process.execPath, script, localAddress, port, Math.min(PER_ADDRESS, wanted - opened)].map(String)
    clients.push(new Child({ argv }, 'load', tempFolder('clients')))
  }
  return clients
}

main().catch(explain)
